//! The cells of a batch by what they say about a document.

use crate::columns::{self, NESTED, Role};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, GenericListArray, StringViewArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use arrow::record_batch::RecordBatch;

/// The columns of a batch, the best one for each role first.
pub(super) struct Cells<'a> {
    by_role: [Vec<(usize, &'a ArrayRef)>; Role::COUNT],
}

impl<'a> Cells<'a> {
    /// Finds the columns.
    pub fn of(batch: &'a RecordBatch) -> Cells<'a> {
        let mut by_role: [Vec<(usize, &'a ArrayRef)>; Role::COUNT] = Default::default();
        let mut take = |name: &str, inner: usize, array: &'a ArrayRef| {
            if let Some((role, rank)) = Role::of(name) {
                by_role[role as usize].push((rank + inner, array));
            }
        };
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            match array.as_struct_opt() {
                Some(inner) if NESTED.contains(&field.name().as_str()) => {
                    for (field, array) in inner.fields().iter().zip(inner.columns()) {
                        take(field.name(), columns::INNER, array);
                    }
                }
                _ => take(field.name(), 0, array),
            }
        }
        for columns in &mut by_role {
            columns.sort_by_key(|(rank, _)| *rank);
        }
        Cells { by_role }
    }

    /// What the best column that has something says.
    fn first<T>(&self, role: Role, row: usize, read: impl Fn(&'a ArrayRef, usize) -> Option<T>) -> Option<T> {
        self.by_role[role as usize].iter().find_map(|(_, array)| read(array, row))
    }

    fn text(&self, role: Role, row: usize) -> Option<&'a str> {
        self.first(role, row, |array, row| std::str::from_utf8(bytes(array, row)?).ok().filter(|text| !text.is_empty()))
    }

    /// The text of the document.
    pub fn content(&self, row: usize) -> Option<&'a [u8]> {
        self.first(Role::Content, row, bytes)
    }

    pub fn path(&self, row: usize) -> Option<&'a str> {
        self.text(Role::Path, row)
    }

    pub fn source(&self, row: usize) -> Option<&'a str> {
        self.text(Role::Source, row)
    }

    pub fn contributor(&self, row: usize) -> Option<&'a str> {
        self.text(Role::Contributor, row)
    }

    pub fn commit(&self, row: usize) -> Option<&'a str> {
        self.text(Role::Commit, row)
    }

    pub fn language(&self, row: usize) -> Option<&'a str> {
        self.text(Role::Language, row)
    }

    /// When it was written.
    pub fn time(&self, row: usize) -> Option<i64> {
        self.first(Role::Time, row, time)
    }

    /// Writes the licences of a row, joined.
    pub fn licence(&self, row: usize, joined: &mut String) {
        joined.clear();
        for (_, array) in &self.by_role[Role::Licence as usize] {
            match (bytes(array, row), array.as_list_opt::<i32>()) {
                (Some(text), _) => columns::join(joined, &String::from_utf8_lossy(text)),
                (None, Some(list)) => join(list, row, joined),
                (None, None) => {}
            }
            if !joined.is_empty() {
                break;
            }
        }
    }
}

/// The bytes of a text.
fn bytes(array: &ArrayRef, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    let any = array.as_any();
    match array.data_type() {
        DataType::Utf8View => any.downcast_ref::<StringViewArray>().map(|array| array.value(row).as_bytes()),
        DataType::BinaryView => any.downcast_ref::<BinaryViewArray>().map(|array| array.value(row)),
        DataType::Utf8 => array.as_string_opt::<i32>().map(|array| array.value(row).as_bytes()),
        DataType::LargeUtf8 => array.as_string_opt::<i64>().map(|array| array.value(row).as_bytes()),
        DataType::Binary => array.as_binary_opt::<i32>().map(|array| array.value(row)),
        DataType::LargeBinary => array.as_binary_opt::<i64>().map(|array| array.value(row)),
        _ => None,
    }
}

fn join(list: &GenericListArray<i32>, row: usize, joined: &mut String) {
    if list.is_null(row) {
        return;
    }
    let texts = list.value(row);
    for text in (0..texts.len()).filter_map(|at| bytes(&texts, at)) {
        columns::join(joined, &String::from_utf8_lossy(text));
    }
}

/// Seconds since 1970.
fn time(array: &ArrayRef, row: usize) -> Option<i64> {
    if array.is_null(row) {
        return None;
    }
    let any = array.as_any();
    Some(match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => any.downcast_ref::<TimestampSecondArray>()?.value(row),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            any.downcast_ref::<TimestampMillisecondArray>()?.value(row).div_euclid(1_000)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            any.downcast_ref::<TimestampMicrosecondArray>()?.value(row).div_euclid(1_000_000)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            any.downcast_ref::<TimestampNanosecondArray>()?.value(row).div_euclid(1_000_000_000)
        }
        DataType::Date32 => i64::from(array.as_primitive_opt::<Date32Type>()?.value(row)) * 86_400,
        DataType::Int64 => columns::seconds(array.as_primitive_opt::<Int64Type>()?.value(row)),
        DataType::Int32 => i64::from(array.as_primitive_opt::<Int32Type>()?.value(row)),
        DataType::Float64 => columns::seconds(array.as_primitive_opt::<Float64Type>()?.value(row) as i64),
        _ => columns::seconds_of_text(std::str::from_utf8(bytes(array, row)?).ok()?)?,
    })
}
