//! A function as a caller of the engine has it: reads the part that it is given, on whatever machine it runs, and says what it saw.

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use dataset::{Limits, Part};
use std::sync::Arc;
use std::time::Duration;

/// Everything that a test's machines know.
pub fn all() -> Vec<ScalarUDF> {
    vec![ScalarUDF::from(Look::new())]
}

/// `look(part)`: the part's first name, its documents and bytes, and the process that read it. Slow on purpose, so that a test can
/// kill the process while it reads.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Look {
    signature: Signature,
}

impl Look {
    fn new() -> Self {
        let texts =
            [DataType::Utf8, DataType::Utf8View, DataType::LargeUtf8].map(|kind| TypeSignature::Exact(vec![kind]));
        Self { signature: Signature::one_of(texts.to_vec(), Volatility::Volatile) }
    }
}

impl ScalarUDFImpl for Look {
    fn name(&self) -> &str {
        "look"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let inputs = arguments.args[0].to_array(arguments.number_rows)?;
        let inputs = arrow::compute::cast(&inputs, &DataType::Utf8)?;
        let outputs: Result<StringArray> =
            inputs.as_string::<i32>().iter().map(|input| input.map(look).transpose()).collect();
        Ok(ColumnarValue::Array(Arc::new(outputs?) as Arc<dyn Array>))
    }
}

fn look(input: &str) -> Result<String> {
    let part: Part = serde_json::from_str(input).map_err(|error| DataFusionError::Execution(error.to_string()))?;
    std::thread::sleep(Duration::from_millis(200));
    let read = part.read(&Limits::default(), &mut |_| (), &mut |_| ());
    Ok(format!("{} {} {} {}", part.name(), read.documents, read.bytes, std::process::id()))
}
