//! The information-processing fee (《政府信息公开信息处理费管理办法》, 国办函〔2020〕109号, in force since 2021-01-01).
//!
//! Both scales are progressive: a higher rate applies to the part above its threshold only. One application is charged by one
//! scale, never by both.

use serde::Serialize;

/// A fee and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fee {
    /// 元.
    #[serde(rename = "amount")]
    pub amount_yuan: u64,
    /// The tiers that were reached, lowest first.
    pub tiers: Vec<Tier>,
}

/// One tier of a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tier {
    /// First piece or page of the tier.
    pub from: u64,
    /// Last piece or page charged in it.
    pub through: u64,
    /// 元 for each.
    pub yuan_each: u64,
    /// 元 for the tier.
    pub amount: u64,
}

/// The article of the scale by piece.
pub const BY_ITEM_ARTICLE: &str = "《政府信息公开信息处理费管理办法》第四条";
/// The article of the scale by volume.
pub const BY_PAGE_ARTICLE: &str = "《政府信息公开信息处理费管理办法》第五条";

/// Fee for all `pieces` that one applicant filed in one calendar month: up to 10 free, 11-30 at 100 元, then each further 10 pieces
/// cost 100 元 more apiece than the ten before.
#[must_use]
pub fn by_item(pieces: u16) -> Fee {
    let rising = (0u64..).map(|step| (31 + step * 10, 40 + step * 10, 200 + step * 100));
    let scale = [(1, 10, 0), (11, 30, 100)].into_iter().chain(rising);
    progressive(u64::from(pieces), scale)
}

/// Fee of the `nth` piece alone: what it adds to the month.
#[must_use]
pub fn of_nth_item(nth: u16) -> u64 {
    by_item(nth).amount_yuan - by_item(nth.saturating_sub(1)).amount_yuan
}

/// Fee for `pages` provided in one application: up to 30 free, 31-100 at 10 元, 101-200 at 20 元, from 201 at 40 元.
#[must_use]
pub fn by_page(pages: u32) -> Fee {
    progressive(u64::from(pages), [(1, 30, 0), (31, 100, 10), (101, 200, 20), (201, u64::MAX, 40)].into_iter())
}

fn progressive(units: u64, scale: impl Iterator<Item = (u64, u64, u64)>) -> Fee {
    let tiers: Vec<Tier> = scale
        .take_while(|(from, _, _)| *from <= units)
        .map(|(from, last, yuan_each)| {
            let through = last.min(units);
            Tier { from, through, yuan_each, amount: (through - from + 1) * yuan_each }
        })
        .collect();
    Fee { amount_yuan: tiers.iter().map(|tier| tier.amount).sum(), tiers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_piece_the_worked_values() {
        let worked = [
            (0, 0),
            (1, 0),
            (10, 0),
            (11, 100),
            (30, 2000),
            (31, 2200),
            (35, 3000),
            (40, 4000),
            (41, 4300),
            (45, 5500),
            (51, 7400),
        ];
        for (pieces, yuan) in worked {
            assert_eq!(by_item(pieces).amount_yuan, yuan, "{pieces} pieces");
        }
    }

    #[test]
    fn by_volume_the_worked_values() {
        let worked =
            [(0, 0), (30, 0), (31, 10), (68, 380), (100, 700), (101, 720), (200, 2700), (201, 2740), (250, 4700)];
        for (pages, yuan) in worked {
            assert_eq!(by_page(pages).amount_yuan, yuan, "{pages} pages");
        }
    }

    #[test]
    fn the_tiers_say_how_the_amount_came_about() {
        let tier = |from, through, yuan_each, amount| Tier { from, through, yuan_each, amount };
        let expected =
            vec![tier(1, 10, 0, 0), tier(11, 30, 100, 2000), tier(31, 40, 200, 2000), tier(41, 45, 300, 1500)];
        assert_eq!(by_item(45), Fee { amount_yuan: 5500, tiers: expected });
        assert_eq!(by_page(0).tiers, vec![]);
    }

    #[test]
    fn the_tiers_are_seamless_and_add_up() {
        for fee in [by_item(u16::MAX), by_page(u32::MAX), by_item(77), by_page(150)] {
            assert_eq!(fee.tiers.iter().map(|tier| tier.amount).sum::<u64>(), fee.amount_yuan);
            for pair in fee.tiers.windows(2) {
                assert_eq!(pair[0].through + 1, pair[1].from);
            }
        }
    }

    #[test]
    fn the_pieces_of_a_month_cost_together_what_they_cost_one_by_one() {
        let sum: u64 = (1..=120).map(of_nth_item).sum();
        assert_eq!(sum, by_item(120).amount_yuan);
        assert_eq!((of_nth_item(0), of_nth_item(10), of_nth_item(11), of_nth_item(31)), (0, 0, 100, 200));
    }
}
