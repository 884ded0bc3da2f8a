//! Service of the reply and the day it counts as given: 国办公开办函〔2016〕235号 (D13, D14), C-8.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// How a reply is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceMethod {
    /// 直接送达: handed over or collected.
    Direct,
    /// 委托其他行政机关代为送达.
    Entrusted,
    /// 邮寄送达 through China Post (EMS, 挂号).
    Post,
    /// A courier other than China Post; refused since 235号.
    PrivateCourier,
    /// Sent to the electronic channel the applicant chose.
    Electronic,
}

/// The day a reply counts as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ReplyDate {
    /// The day timeliness is judged by.
    pub on: NaiveDate,
    /// Rule: `D13`, `D14` or `C-8`.
    pub rule: &'static str,
    /// The article it rests on.
    pub article: &'static str,
}

/// Why no day can be named yet, or the way is not lawful.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// Direct and entrusted service count from the signature.
    #[error("直接送达、委托送达以申请人签收之日为准，尚无签收日期（{article}）")]
    NotSigned {
        /// The article it rests on.
        article: &'static str,
    },
    /// Post and electronic service count from the dispatch.
    #[error("尚无交邮或发送日期（{article}）")]
    NotDispatched {
        /// The article it rests on.
        article: &'static str,
    },
    /// Official letters go through China Post.
    #[error("信息公开处理决定应当通过邮政企业寄送，不得通过其他快递企业（{article}）")]
    PrivateCourier {
        /// The article it rests on.
        article: &'static str,
    },
    /// Signed for before it was sent.
    #[error("签收日期（{signed_on}）早于发出日期（{dispatched_on}）")]
    SignedBeforeDispatch {
        /// Day of dispatch.
        dispatched_on: NaiveDate,
        /// Day of signature.
        signed_on: NaiveDate,
    },
}

const ITEM_2: &str = "国办公开办函〔2016〕235号第二条；《邮政法》第五十五条";
const ITEM_4: &str = "国办公开办函〔2016〕235号第四条";
const ITEM_5: &str = "国办公开办函〔2016〕235号第五条";
const ELECTRONIC: &str = "国办公开办函〔2016〕235号第四条（参照）；《条例》第四十条";

impl ServiceMethod {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Direct, Self::Entrusted, Self::Post, Self::PrivateCourier, Self::Electronic];

    /// The code used in rows and JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Entrusted => "entrusted",
            Self::Post => "post",
            Self::PrivateCourier => "private_courier",
            Self::Electronic => "electronic",
        }
    }

    /// What a clerk reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Direct => "直接送达",
            Self::Entrusted => "委托送达",
            Self::Post => "邮寄送达（邮政企业）",
            Self::PrivateCourier => "其他快递企业",
            Self::Electronic => "电子送达",
        }
    }

    /// The method of a code, if there is one.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.code() == code)
    }
}

/// Whether what is sent on this day may not go by a courier that is not the postal enterprise (235号第二条, in force since
/// 2016-12-07).
#[must_use]
pub fn refuses_couriers(on: NaiveDate) -> bool {
    NaiveDate::from_ymd_opt(2016, 12, 7).is_some_and(|since| on >= since)
}

/// The day the reply counts as given: the signature for direct and entrusted service, the dispatch for post and electronic service.
///
/// # Errors
/// [`ServiceError`] while the day that counts is missing, or when the way is not lawful.
pub fn replied_on(
    method: ServiceMethod,
    dispatched_on: Option<NaiveDate>,
    signed_on: Option<NaiveDate>,
) -> Result<ReplyDate, ServiceError> {
    if let Some((dispatched_on, signed_on)) = dispatched_on.zip(signed_on).filter(|(sent, signed)| signed < sent) {
        return Err(ServiceError::SignedBeforeDispatch { dispatched_on, signed_on });
    }
    let (day, rule, article) = match method {
        ServiceMethod::Direct | ServiceMethod::Entrusted => {
            let on = signed_on.ok_or(ServiceError::NotSigned { article: ITEM_4 })?;
            return Ok(ReplyDate { on, rule: "D13", article: ITEM_4 });
        }
        ServiceMethod::Post => (dispatched_on, "D14", ITEM_4),
        ServiceMethod::PrivateCourier => (dispatched_on, "D14", ITEM_5),
        ServiceMethod::Electronic => (dispatched_on, "C-8", ELECTRONIC),
    };
    let on = day.ok_or(ServiceError::NotDispatched { article })?;
    if method == ServiceMethod::PrivateCourier && refuses_couriers(on) {
        return Err(ServiceError::PrivateCourier { article: ITEM_2 });
    }
    Ok(ReplyDate { on, rule, article })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn d13_direct_and_entrusted_service_count_from_the_signature() {
        for method in [ServiceMethod::Direct, ServiceMethod::Entrusted] {
            let given = replied_on(method, Some(d("2024-03-01")), Some(d("2024-03-05")));
            assert_eq!(given, Ok(ReplyDate { on: d("2024-03-05"), rule: "D13", article: ITEM_4 }));
            let unsigned = replied_on(method, Some(d("2024-03-01")), None);
            assert_eq!(unsigned, Err(ServiceError::NotSigned { article: ITEM_4 }));
        }
    }

    #[test]
    fn d14_post_counts_from_the_day_handed_to_china_post() {
        let given = replied_on(ServiceMethod::Post, Some(d("2024-03-01")), Some(d("2024-03-05")));
        assert_eq!(given, Ok(ReplyDate { on: d("2024-03-01"), rule: "D14", article: ITEM_4 }));
        let unsent = replied_on(ServiceMethod::Post, None, Some(d("2024-03-05")));
        assert_eq!(unsent, Err(ServiceError::NotDispatched { article: ITEM_4 }));
    }

    #[test]
    fn a_private_courier_is_refused_from_2016_12_07_and_counted_before() {
        let by_courier = |day: &str| replied_on(ServiceMethod::PrivateCourier, Some(d(day)), None);
        assert_eq!(by_courier("2016-12-06"), Ok(ReplyDate { on: d("2016-12-06"), rule: "D14", article: ITEM_5 }));
        assert_eq!(by_courier("2016-12-07"), Err(ServiceError::PrivateCourier { article: ITEM_2 }));
    }

    #[test]
    fn c8_electronic_service_counts_from_the_dispatch() {
        let given = replied_on(ServiceMethod::Electronic, Some(d("2024-03-01")), None).unwrap();
        assert_eq!((given.on, given.rule), (d("2024-03-01"), "C-8"));
    }

    #[test]
    fn nothing_is_signed_for_before_it_is_sent() {
        let refused = replied_on(ServiceMethod::Post, Some(d("2024-03-05")), Some(d("2024-03-04")));
        assert_eq!(
            refused,
            Err(ServiceError::SignedBeforeDispatch { dispatched_on: d("2024-03-05"), signed_on: d("2024-03-04") })
        );
        assert!(replied_on(ServiceMethod::Post, Some(d("2024-03-05")), Some(d("2024-03-05"))).is_ok());
    }

    #[test]
    fn codes_name_the_methods_one_to_one() {
        for method in ServiceMethod::ALL {
            assert_eq!(ServiceMethod::from_code(method.code()), Some(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.code());
        }
    }
}
