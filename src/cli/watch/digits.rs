//! Counts in big digits, to be read from the other end of the hall.

/// Each digit three cells wide and five high, a row in three bits.
const SHAPES: [[u8; 5]; 10] = [
    [0b111, 0b101, 0b101, 0b101, 0b111],
    [0b010, 0b110, 0b010, 0b010, 0b111],
    [0b111, 0b001, 0b111, 0b100, 0b111],
    [0b111, 0b001, 0b111, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001, 0b001],
    [0b111, 0b100, 0b111, 0b001, 0b111],
    [0b111, 0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010, 0b010],
    [0b111, 0b101, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001, 0b111],
];

/// How big.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Five lines high.
    Large,
    /// Three lines high.
    Small,
}

/// The lines of a number, all equally wide.
pub fn lines(number: u64, size: Size) -> Vec<String> {
    let digits: Vec<[u8; 5]> = number.to_string().bytes().map(|digit| SHAPES[usize::from(digit - b'0')]).collect();
    let line = |row| match size {
        Size::Large => digits.iter().map(|shape| across(shape[row])).collect::<Vec<_>>().join("  "),
        Size::Small => digits.iter().map(|shape| halves(shape, row * 2)).collect::<Vec<_>>().join(" "),
    };
    (0..size.height()).map(line).collect()
}

impl Size {
    fn height(self) -> usize {
        match self {
            Self::Large => 5,
            Self::Small => 3,
        }
    }
}

fn lit(row: u8, bit: u8) -> bool {
    row & bit != 0
}

/// A row of a digit, each cell two columns wide, so that it is about square.
fn across(row: u8) -> String {
    [0b100, 0b010, 0b001].into_iter().map(|bit| if lit(row, bit) { "██" } else { "  " }).collect()
}

/// Two rows of a digit in one line.
fn halves(shape: &[u8; 5], row: usize) -> String {
    let below = shape.get(row + 1).copied().unwrap_or_default();
    let half = |bit| match (lit(shape[row], bit), lit(below, bit)) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    };
    [0b100, 0b010, 0b001].into_iter().map(half).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_seen() {
        assert_eq!(lines(30, Size::Small), ["▀▀█ █▀█", "▀▀█ █ █", "▀▀▀ ▀▀▀"]);
        assert_eq!(lines(7, Size::Large), ["██████", "    ██", "  ██  ", "  ██  ", "  ██  "]);
        for size in [Size::Large, Size::Small] {
            let widths: Vec<usize> = lines(1_234_567_890, size).iter().map(|line| line.chars().count()).collect();
            assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{widths:?}");
        }
    }
}
