//! Each bound of the sources stands in the table of docs/operations.md, with its value.

use std::path::Path;

/// The constants of a source that are bounds, with the expressions that they are given.
fn bounds(text: &str) -> Vec<(String, String)> {
    let constant = |line: &str| {
        let (name, rest) = line.trim_start_matches("pub ").strip_prefix("const MAX_")?.split_once(':')?;
        let (_, value) = rest.split_once(" = ")?;
        Some((format!("MAX_{name}"), value.trim_end_matches(';').to_owned()))
    };
    text.lines().map(str::trim).filter_map(constant).collect()
}

/// A number as the table has it, where the expression is simple enough to be read: `20_000`, `4 << 20`.
fn written(expression: &str) -> Option<String> {
    let plain = expression.replace('_', "");
    if let Some((number, power)) = plain.split_once(" << ") {
        return match power {
            "20" => Some(format!("{number} MiB")),
            "10" => Some(format!("{number} KiB")),
            _ => None,
        };
    }
    let number: u64 = plain.parse().ok()?;
    let (thousands, rest) = (number / 1_000, number % 1_000);
    Some(if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") })
}

/// What the table lacks.
fn missing(sources: &[(String, String)], table: &str) -> Vec<String> {
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    let lacks = |(name, expression): &(String, String)| {
        let Some(row) = rows.iter().find(|row| row.contains(&format!("`{name}`"))) else {
            return Some(format!("{name} is not in the table"));
        };
        let value = written(expression)?;
        (!row.contains(&value)).then(|| format!("{name} is {value}, which its row does not say"))
    };
    sources.iter().filter_map(lacks).collect()
}

fn sources(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The command line bounds what it shows, not what the service takes.
        if path.ends_with("src/cli") {
            continue;
        }
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.extend(bounds(&std::fs::read_to_string(path).unwrap()));
        }
    }
}

#[test]
fn each_bound_stands_in_the_table_with_its_value() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut constants = Vec::new();
    sources(&root.join("src"), &mut constants);
    assert!(constants.len() > 30, "{constants:?}");
    let table = std::fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let missing = missing(&constants, &table);
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_bound_that_the_table_lacks_or_has_otherwise_is_found() {
    let constants =
        bounds("pub const MAX_A: usize = 2_000;\n    const MAX_B: u32 = 4 << 20;\nconst MAX_C: u8 = 1 + 1;\n");
    assert_eq!(missing(&constants, "| 2,000 | `MAX_A` |\n| 4 MiB | `MAX_B` |\n| two | `MAX_C` |"), [] as [&str; 0]);
    let wrong = missing(&constants, "| 200 | `MAX_A` |\n| 4 KiB | `MAX_B` |\n");
    assert_eq!(
        wrong,
        [
            "MAX_A is 2,000, which its row does not say",
            "MAX_B is 4 MiB, which its row does not say",
            "MAX_C is not in the table"
        ]
    );
}
