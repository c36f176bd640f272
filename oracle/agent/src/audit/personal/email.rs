//! E-mail addresses, told from what else is written with an at sign.

use super::super::text::{is_ideograph, is_letter, is_space};

/// Country codes in use as top-level domains. Two other letters are a file's extension or a variable.
const COUNTRIES: &str = "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs \
bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm \
fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo \
jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu \
mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw qa re ro rs ru rw sa sb sc \
sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz \
va vc ve vg vi vn vu wf ws ye yt za zm zw";
/// What follows the last dot of names that are not hosts: files, systemd units, methods, and reserved host names.
const NO_DOMAINS: &str = "apk arpa avif bat bmp bundle cfg cjs class conf config copy css csv deb device dll dmg doc \
docx dot dylib egg exe flat gif git gitignore gzip hdr heic hpp htm html ico inc ini internal inv ipynb jar java jpeg \
jpg json jsonl jsx lan lib local localdomain localhost invalid lock log lua man map mean mjs mount mov msg msi numpy \
oga ogg ogv onnx otf patch path pdf php pkg plist png ppt pptx proto psd pth pyc pyi ravel reshape rpm sass scope scss \
service shape slice snap socket sql sqlite src sum svg swap swift tar target tcl temp tex tgz tif tiff timer tmp toml \
transpose tsv tsx ttf txt usd vbs vue war wasm wat wav webm webp wheel whl woff xhtml xls xlsx xml xsd xsl yaml yml \
zst";
/// Hosts whose addresses are names of algorithms (RFC 4251): chacha20-poly1305@openssh.com.
const NAMESPACES: [&str; 2] = ["openssh.com", "libssh.org"];
/// Accounts that programs log in with.
const SERVICES: [&str; 6] = ["git", "hg", "svn", "cvs", "bzr", "ssh"];

/// The address around an at sign: where it begins and ends.
pub fn around(text: &str, at: usize) -> Option<(usize, usize)> {
    let start = local(text, at)?;
    let end = domain(text, at + 1)?;
    let name = &text[start..at];
    // Message ids look the same; nobody's name has so many digits.
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    if SERVICES.contains(&name)
        || NAMESPACES.contains(&&text[at + 1..end])
        || (digits >= 8 && 2 * digits >= name.len())
        || is_in_url(text, start)
    {
        return None;
    }
    let lower = text[text.ceil_char_boundary(start.saturating_sub(32))..start].to_ascii_lowercase();
    if ["message-id", "in-reply-to", "references"].iter().any(|field| lower.contains(field)) {
        return None;
    }
    Some((start, end))
}

/// Where the part before the sign begins.
fn local(text: &str, at: usize) -> Option<usize> {
    let mut start = at;
    for c in text[..at].chars().rev() {
        if !(c.is_ascii_alphanumeric() || is_letter(c) || matches!(c, '.' | '_' | '+' | '-' | '\'')) {
            break;
        }
        start -= c.len_utf8();
        if at - start > 64 {
            return None;
        }
    }
    let mut name = &text[start..at];
    // An escape sequence in the text of a program is no letter of the name.
    if text[..start].ends_with('\\') && name.starts_with(['n', 'r', 't']) {
        name = &name[1..];
    }
    // The two digits after a percent sign in a URL are not part of the name either.
    if text[..start].ends_with('%') {
        name = name.get(2..)?;
    }
    let name = name.trim_start_matches(['.', '-', '+', '\'', '_']);
    let before = text[..at - name.len()].chars().next_back();
    let odd = name.is_empty()
        || name.ends_with(['.', '\''])
        || name.contains("..")
        || before.is_some_and(|c| matches!(c, '@' | '$' | '/'));
    (!odd).then(|| at - name.len())
}

/// Where the part after the sign ends, which begins here.
fn domain(text: &str, from: usize) -> Option<usize> {
    let inside =
        |c: char| c.is_ascii_alphanumeric() || is_letter(c) || is_ideograph(c) || c == '.' || c == '-';
    let rest = &text[from..text.floor_char_boundary((from + 256).min(text.len()))];
    let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
    let host = rest[..length].trim_end_matches(['.', '-']);
    let labels = |host: &str| host.split('.').all(|l| !l.is_empty() && l.len() <= 63 && !l.starts_with('-'));
    let (name, top) = host.rsplit_once('.')?;
    // An asset for screens of another density: name@2x.png.
    let first = name.split('.').next_back().unwrap_or(name);
    let density =
        first.strip_suffix('x').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if !labels(host) || density || !is_top(name, top) {
        return None;
    }
    let after = &rest[host.len()..];
    let second = after.chars().nth(1);
    let other = match after.chars().next() {
        // A call, a path on a host, another sign.
        Some('(' | '/' | '@' | '[' | '_' | '=') => true,
        Some(':') => second.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '~' | '.')),
        _ => false,
    };
    (!other).then(|| from + host.len())
}

fn is_top(name: &str, top: &str) -> bool {
    let listed = |list: &str| list.split(' ').any(|t| t.eq_ignore_ascii_case(top));
    if top.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("xn--")) {
        return true;
    }
    if !top.is_ascii() {
        return top.chars().all(|c| is_letter(c) || is_ideograph(c));
    }
    let one_case =
        !top.bytes().any(|b| b.is_ascii_uppercase()) || !top.bytes().any(|b| b.is_ascii_lowercase());
    top.bytes().all(|b| b.is_ascii_alphabetic())
        && match top.len() {
            2 => listed(COUNTRIES) || (top.eq_ignore_ascii_case("py") && name.contains('.')),
            3..=18 => one_case && !listed(NO_DOMAINS),
            _ => false,
        }
}

/// Whether it is the account in a URL: scheme://name@host.
fn is_in_url(text: &str, start: usize) -> bool {
    let before = &text[text.ceil_char_boundary(start.saturating_sub(100))..start];
    let word = before.rsplit(|c: char| is_space(c) || matches!(c, '"' | '\'' | '<' | '(')).next();
    word.and_then(|w| w.rsplit_once("://")).is_some_and(|(_, path)| !path.contains(['/', '?', '#']))
}
