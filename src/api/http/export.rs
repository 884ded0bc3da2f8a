//! Lists as files: which format a caller wants, and the answer that carries it.

use super::disposition::attachment;
use super::problem::Problem;
use crate::office::OfficeError;
use crate::report::{Sheet, csv, xlsx};
use actix_web::http::header::{self, Accept, Header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

/// Most rows of an exported list; more is refused, not cut.
pub(in crate::api) const MOST_ROWS: usize = 10_000;

/// A representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Format {
    Json,
    Csv,
    Xlsx,
    Html,
    Docx,
}

impl Format {
    /// What a list is offered as.
    pub(in crate::api) const TABLE: &'static [Self] = &[Self::Json, Self::Csv, Self::Xlsx];
    /// What a table that is also a page is offered as.
    pub(in crate::api) const PAGE: &'static [Self] = &[Self::Json, Self::Csv, Self::Xlsx, Self::Html];

    /// What a report is offered as.
    pub(in crate::api) const REPORT: &'static [Self] = &[Self::Json, Self::Csv, Self::Xlsx, Self::Docx, Self::Html];

    const fn code(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Html => "html",
            Self::Docx => "docx",
        }
    }

    /// Its media type.
    pub(in crate::api) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Html => "text/html",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        }
    }

    /// The format of `?format=`, else the first of `Accept` that is offered, else JSON.
    ///
    /// # Errors
    /// `invalid_query` for a parameter that is none of those offered.
    pub(in crate::api) fn asked(
        request: &HttpRequest,
        parameter: Option<&str>,
        offered: &[Self],
    ) -> Result<Self, Problem> {
        if let Some(code) = parameter {
            return offered.iter().copied().find(|format| format.code() == code).ok_or_else(|| {
                let codes: Vec<&str> = offered.iter().map(|format| format.code()).collect();
                let detail = format!("应为以下之一：{}", codes.join("、"));
                Problem::new("invalid_query").field("?format", "invalid_value", detail)
            });
        }
        let ranked = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
        let named = |kind: &str| offered.iter().copied().find(|format| format.media_type() == kind);
        Ok(ranked.iter().find_map(|kind| named(kind.essence_str())).unwrap_or(Self::Json))
    }

    /// The format of a thing that is always a file: CSV unless XLSX is asked for.
    ///
    /// # Errors
    /// As [`Format::asked`].
    pub(in crate::api) fn file(request: &HttpRequest, parameter: Option<&str>) -> Result<Self, Problem> {
        let asked = Self::asked(request, parameter, &[Self::Csv, Self::Xlsx])?;
        Ok(if asked == Self::Xlsx { asked } else { Self::Csv })
    }

    /// The bytes of a table; CSV has room for the first one only.
    ///
    /// # Errors
    /// [`OfficeError::Internal`] when it cannot be written.
    pub(in crate::api) fn write(self, sheets: &[Sheet]) -> Result<Vec<u8>, OfficeError> {
        match (self, sheets.first()) {
            (Self::Csv, Some(sheet)) => Ok(csv(sheet)?),
            (Self::Xlsx, Some(_)) => Ok(xlsx(sheets)?),
            (Self::Csv | Self::Xlsx | Self::Json | Self::Html | Self::Docx, _) => {
                Err(OfficeError::Internal(format!("no table as {}", self.code())))
            }
        }
    }

    /// The answer that carries the bytes: a table to be kept, a page to be read.
    pub(in crate::api) fn answer(self, name: &str, bytes: Vec<u8>) -> HttpResponse {
        self.response(name).body(bytes)
    }

    /// The head of such an answer.
    pub(in crate::api) fn response(self, name: &str) -> HttpResponseBuilder {
        let kind = match self {
            Self::Csv | Self::Html => format!("{}; charset=utf-8", self.media_type()),
            Self::Json | Self::Xlsx | Self::Docx => self.media_type().to_owned(),
        };
        let mut response = HttpResponse::Ok();
        response.content_type(kind);
        if self != Self::Html {
            let file = attachment(&format!("{name}.{}", self.code()));
            response.insert_header((header::CONTENT_DISPOSITION, file));
        }
        response
    }
}

/// The refusal of a file that would look whole and is not.
pub(in crate::api) fn incomplete() -> OfficeError {
    let detail = "没有查遍全部案件：案件过多，请按机关、日期缩小范围；或者有案件的记录不能读取，见服务日志".to_owned();
    OfficeError::Refused { code: "incomplete".into(), article: None, detail, errors: Vec::new() }
}

pub(in crate::api) fn too_many() -> OfficeError {
    let detail = format!("导出的清单不得超过{MOST_ROWS}行，请按机关、日期缩小范围");
    OfficeError::Refused { code: "too_many_rows".into(), article: None, detail, errors: Vec::new() }
}
