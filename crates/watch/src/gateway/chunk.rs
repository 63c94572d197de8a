//! The JSON of a whole reply and of an event, in all dialects, as what it adds to the reply.

use super::asked::Texts;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What a JSON text says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The model, where it is named.
    pub model: String,
    /// What it adds, in order.
    pub pieces: Vec<Piece>,
    /// Whether the server says that it is done, with all choices.
    pub done: bool,
}

/// What it adds to one choice.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The choice.
    pub choice: usize,
    /// What is added.
    pub said: Said,
}

/// A piece of one choice.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// More of its text.
    Text(String),
    /// All of its text, or all that some of it came to, said again.
    AllText(String),
    /// More of what a tool is called with, by the number of the call.
    Call(usize, String),
    /// All of what a tool is called with; a new call where there is no number.
    AllCall(Option<usize>, String),
    /// It ends here, by itself or by a limit of tokens.
    End { limited: bool },
}

impl Chunk {
    /// Reads a JSON text; [`None`] where it is of no known shape.
    pub fn read(json: &str) -> Option<Chunk> {
        let body: Body = serde_json::from_str(json).ok()?;
        let mut chunk = Chunk { model: body.model.0.concat(), ..Chunk::default() };
        match &body.kind {
            Some(kind) if kind.starts_with("response.") => chunk.response_event(kind.clone(), body),
            _ if body.output.is_some() => chunk.response(&body.model, body.output, body.incomplete_details),
            _ => chunk.completion(body),
        }
        Some(chunk)
    }

    fn add(&mut self, choice: usize, said: Said) {
        self.pieces.push(Piece { choice, said });
    }

    /// Completions and chats of OpenAI, llama.cpp and Ollama.
    fn completion(&mut self, body: Body) {
        let written = match body.response {
            Some(Answer::Text(text)) => Some(text),
            _ => body.content,
        };
        if let Some(text) = written {
            self.add(0, Said::Text(text));
        }
        if let Some(Talk::Message(message)) = body.message {
            self.message(0, message);
        }
        self.done = body.stop == Some(true) || body.done == Some(true);
        if self.done {
            let reasons = [body.stop_type, body.done_reason];
            let limited = body.stopped_limit == Some(true) || reasons.iter().flatten().any(|reason| is_limit(reason));
            self.add(0, Said::End { limited });
        }
        for choice in body.choices.unwrap_or_default() {
            if let Some(text) = choice.text {
                self.add(choice.index, Said::Text(text));
            }
            if let Some(message) = choice.message.or(choice.delta) {
                self.message(choice.index, message);
            }
            if let Some(reason) = choice.finish_reason {
                self.add(choice.index, Said::End { limited: is_limit(&reason) });
            }
        }
    }

    fn message(&mut self, choice: usize, message: Message) {
        self.add(choice, Said::Text(message.content.0.concat()));
        for (place, call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
            match call.function.and_then(|function| function.arguments) {
                Some(Value::String(more)) => self.add(choice, Said::Call(call.index.unwrap_or(place), more)),
                // Ollama's are whole.
                Some(value) => self.add(choice, Said::AllCall(None, value.to_string())),
                None => {}
            }
        }
        if let Some(Value::String(more)) = message.function_call.and_then(|function| function.arguments) {
            self.add(choice, Said::Call(0, more));
        }
    }

    /// An event of OpenAI's responses. What was said piece by piece is said again when it is whole, which may be more.
    fn response_event(&mut self, kind: String, body: Body) {
        let (at, delta) = (body.output_index.unwrap_or(0), body.delta.unwrap_or_default());
        match kind.as_str() {
            "response.output_text.delta" => self.add(at, Said::Text(delta)),
            "response.output_text.done" => self.add(at, Said::AllText(body.text.unwrap_or_default())),
            "response.output_item.done" => body.item.into_iter().for_each(|item| self.item(at, item)),
            "response.completed" | "response.incomplete" | "response.failed" => {
                if let Some(Answer::Whole(response)) = body.response {
                    self.response(&response.model, response.output, response.incomplete_details);
                }
                self.done = true;
            }
            "response.created" => {
                if let Some(Answer::Whole(response)) = body.response {
                    self.model = response.model.0.concat();
                }
            }
            // Of a tool's arguments, code or input.
            _ if kind.ends_with("_arguments.delta")
                || kind.ends_with("_code.delta")
                || kind.ends_with("_input.delta") =>
            {
                self.add(at, Said::Call(0, delta));
            }
            _ => {}
        }
    }

    /// One of OpenAI's responses, whole.
    fn response(&mut self, model: &Texts, output: Option<Vec<Item>>, incomplete: Option<Incomplete>) {
        self.model = model.0.concat();
        let reason = incomplete.and_then(|incomplete| incomplete.reason);
        let limited = reason.is_some_and(|reason| reason == "max_output_tokens");
        for (at, item) in output.unwrap_or_default().into_iter().enumerate() {
            self.item(at, item);
            self.add(at, Said::End { limited });
        }
        self.done = true;
    }

    fn item(&mut self, at: usize, item: Item) {
        if item.kind.as_deref().is_none_or(|kind| kind == "message") {
            self.add(at, Said::AllText(item.content.0.concat()));
        }
        if let Some(call) = item.arguments.or(item.input).or(item.code) {
            self.add(at, Said::AllCall(Some(0), call));
        }
    }
}

/// What OpenAI, Ollama and llama.cpp call the end of the tokens.
fn is_limit(reason: &str) -> bool {
    matches!(reason, "length" | "limit" | "max_tokens")
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    model: Texts,
    choices: Option<Vec<Choice>>,
    /// llama.cpp.
    content: Option<String>,
    stop: Option<bool>,
    stop_type: Option<String>,
    stopped_limit: Option<bool>,
    /// Ollama.
    message: Option<Talk>,
    done: Option<bool>,
    done_reason: Option<String>,
    /// Ollama's text, or OpenAI's whole response.
    response: Option<Answer>,
    /// OpenAI's responses.
    #[serde(rename = "type")]
    kind: Option<String>,
    output_index: Option<usize>,
    #[serde(default, deserialize_with = "text")]
    delta: Option<String>,
    #[serde(default, deserialize_with = "text")]
    text: Option<String>,
    item: Option<Item>,
    #[serde(default)]
    output: Option<Vec<Item>>,
    incomplete_details: Option<Incomplete>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: usize,
    text: Option<String>,
    message: Option<Message>,
    delta: Option<Message>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Texts,
    #[serde(default)]
    tool_calls: Option<Vec<Call>>,
    function_call: Option<Function>,
}

/// A message, or what an error says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Talk {
    Message(Message),
    Error(IgnoredAny),
}

#[derive(Deserialize)]
struct Call {
    index: Option<usize>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    arguments: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Text(String),
    Whole(Box<Response>),
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    model: Texts,
    output: Option<Vec<Item>>,
    incomplete_details: Option<Incomplete>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

/// A message, or the call of a tool.
#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    content: Texts,
    arguments: Option<String>,
    input: Option<String>,
    code: Option<String>,
}

/// A string, or nothing: an answer's `text` is settings.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let texts = Texts::deserialize(deserializer)?;
    Ok(Some(texts.0.concat()).filter(|text| !text.is_empty()))
}
