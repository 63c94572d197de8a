//! Where a result stands.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_sarif::sarif::{ArtifactLocation, Location, PhysicalLocation, Region};

/// What a path may hold unencoded in a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// A file, and where in it.
pub(super) fn location(path: &str, region: Option<Region>) -> Location {
    let artifact = ArtifactLocation::builder().uri(uri(path)).build();
    let mut place = PhysicalLocation::builder().artifact_location(artifact).build();
    place.region = region;
    Location::builder().physical_location(place).build()
}

/// A path as a URI reference. A relative path that starts with a scheme of its own (`javascript:`) stays a path, since its
/// colon is encoded.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let encoded = utf8_percent_encode(path, PATH).to_string();
    if path.starts_with('/') { format!("file:///{}", encoded.trim_start_matches('/')) } else { encoded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri_that_is_only_a_path() {
        assert_eq!(uri("./src/a b.py"), "src/a%20b.py");
        assert_eq!(uri("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(uri("/a/é"), "file:///a/%C3%A9");
        assert_eq!(uri("//host/x"), "file:///host/x");
    }
}
