//! The public key of a certificate that rustls refuses to parse.
//!
//! `openssl x509 -req` without an extension file, which is how PostgreSQL's own manual makes server
//! certificates, writes X.509 version 1. libpq takes them; rustls does not even read them, though
//! all that a handshake without verification needs from them is the key.

/// The `SubjectPublicKeyInfo` of a DER certificate, whatever its version.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = read(certificate, SEQUENCE)?;
    let (body, _) = read(certificate.content, SEQUENCE)?;
    let mut rest = body.content;
    if let Some((_, after)) = read(rest, VERSION) {
        rest = after;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        rest = read(rest, tag)?.1;
    }
    Some(read(rest, SEQUENCE)?.0.whole)
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
/// `[0]`, which version 1 leaves out.
const VERSION: u8 = 0xa0;

struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

/// Reads one element with the given tag and returns what follows it.
fn read(bytes: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    let (&[found, length], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        // A certificate is shorter than 16 MB.
        let digits = usize::from(length & 0x7f);
        let (digits, rest) = rest
            .split_at_checked(digits)
            .filter(|_| (1..=3).contains(&digits))?;
        (
            digits
                .iter()
                .fold(0, |n, digit| n << 8 | usize::from(*digit)),
            rest,
        )
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = &bytes[..bytes.len() - after.len()];
    Some((Element { whole, content }, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A certificate body around a key, with or without a version.
    fn certificate(version: &[u8]) -> Vec<u8> {
        let fields = [
            &[INTEGER, 1, 7][..],
            &[SEQUENCE, 0].repeat(4),
            &[SEQUENCE, 2, 5, 0],
        ]
        .concat();
        let body = [version, &fields].concat();
        let body = [&[SEQUENCE, body.len() as u8][..], &body].concat();
        // A long-form length, as real certificates have.
        [&[SEQUENCE, 0x82, 0, body.len() as u8][..], &body].concat()
    }

    #[test]
    fn finds_the_key_in_every_version() {
        assert_eq!(
            public_key(&certificate(&[])),
            Some(&[SEQUENCE, 2, 5, 0][..])
        );
        assert_eq!(
            public_key(&certificate(&[VERSION, 3, INTEGER, 1, 2])),
            Some(&[SEQUENCE, 2, 5, 0][..])
        );
        assert_eq!(public_key(&certificate(&[])[..12]), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = public_key(&bytes);
            let _ = public_key(&[&[SEQUENCE, 0x83][..], &bytes].concat());
        }
    }
}
