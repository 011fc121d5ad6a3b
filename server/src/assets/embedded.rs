//! The web assets inside this binary, as `build.rs` found them.

/// All web assets of one build. They change together, so they share one hash in their paths.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// Sixteen hexadecimal digits that change with any file's name or content.
    pub(crate) hash: &'static str,
    /// The files, sorted by name.
    pub(crate) assets: &'static [EmbeddedAsset],
}

/// One file, and its compressed forms where they are smaller.
#[derive(Debug)]
pub(crate) struct EmbeddedAsset {
    /// The path below the bundle's directory, such as `latchkey.js`.
    pub(crate) name: &'static str,
    /// The value of `Content-Type`.
    pub(crate) content_type: &'static str,
    /// The file as it is.
    pub(crate) plain: &'static [u8],
    /// Compressed with brotli.
    pub(crate) brotli: Option<&'static [u8]>,
    /// Compressed with gzip.
    pub(crate) gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/embedded_assets.rs"));

/// The embedded bundle. None in a server that was compiled before any web build: its pages work, without style and
/// without the browser half.
pub(crate) fn bundle() -> Option<&'static Bundle> {
    BUNDLE.as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedded_bundle_is_whole() {
        let Some(Bundle { hash, assets }) = bundle() else { return };
        assert_eq!(hash.len(), 16);
        assert!(hash.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert!(assets.is_sorted_by_key(|asset| asset.name));
        for required in ["latchkey.js", "latchkey_bg.wasm"] {
            assert!(assets.iter().any(|asset| asset.name == required), "{required} is missing");
        }
        for asset in *assets {
            for compressed in [asset.brotli, asset.gzip].into_iter().flatten() {
                assert!(compressed.len() < asset.plain.len(), "{} grew", asset.name);
            }
        }
    }
}
