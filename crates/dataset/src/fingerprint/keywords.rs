//! The words of each language that are no names.

use code::Language;

/// The keywords of a language; of one that is not known, those that many have.
pub(super) fn keywords(language: Option<Language>) -> &'static str {
    match language {
        Some(Language::Python) => {
            "False None True and as assert async await break case class continue def del elif else except finally for from global if \
             import in is lambda match nonlocal not or pass raise return try while with yield"
        }
        Some(Language::JavaScript | Language::TypeScript | Language::Tsx) => {
            "abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum \
             export extends false finally for from function if implements import in instanceof interface let new null number of \
             private protected public readonly return static string super switch this throw true try type typeof undefined var void \
             while with yield"
        }
        Some(Language::Java) => {
            "abstract assert boolean break byte case catch char class const continue default do double else enum extends false final \
             finally float for if implements import instanceof int interface long native new null package private protected public \
             record return short static strictfp super switch synchronized this throw throws transient true try var void volatile \
             while"
        }
        Some(Language::Go) => {
            "break case chan const continue default defer else fallthrough false for func go goto if import interface map nil package \
             range return select struct switch true type var"
        }
        Some(Language::C) => {
            "auto bool break case char const continue default define do double else elif endif enum extern float for goto if ifdef \
             ifndef include inline int long pragma register restrict return short signed sizeof static struct switch typedef undef \
             union unsigned void volatile while"
        }
        Some(Language::Cpp) => {
            "alignas alignof auto bool break case catch char class const constexpr continue decltype default define delete do double \
             dynamic_cast else elif endif enum explicit extern false float for friend goto if ifdef ifndef include inline int long \
             mutable namespace new noexcept nullptr operator override pragma private protected public register reinterpret_cast return \
             short signed sizeof static static_cast struct switch template this throw true try typedef typename undef union unsigned \
             using virtual void volatile while"
        }
        Some(Language::CSharp) => {
            "abstract as async await base bool break byte case catch char class const continue decimal default delegate do double else \
             enum event explicit extern false finally fixed float for foreach get goto if implicit in int interface internal is lock \
             long namespace new null object operator out override params private protected public readonly record ref return sbyte \
             sealed set short sizeof static string struct switch this throw true try typeof uint ulong unchecked unsafe ushort using \
             var virtual void volatile where while yield"
        }
        Some(Language::Php) => {
            "abstract and array as break callable case catch class clone const continue declare default die do echo else elseif empty \
             enddeclare endfor endforeach endif endswitch endwhile eval exit extends false final finally fn for foreach function global \
             goto if implements include include_once instanceof insteadof interface isset list match namespace new null or print \
             private protected public readonly require require_once return static switch throw trait true try unset use var while xor \
             yield"
        }
        Some(Language::Ruby) => {
            "alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or redo rescue \
             retry return self super then true undef unless until when while yield"
        }
        Some(Language::Rust) => {
            "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move mut pub ref \
             return self static struct super trait true type unsafe use where while"
        }
        None => {
            "break case catch class const continue def default do else end false fn for func function if import in let new nil null \
             public private return static struct switch this throw true try var void while"
        }
    }
}

/// Keywords by first letter and length, which most names do not share with any.
pub(super) struct Keywords {
    /// For each first byte the lengths that keywords with it have, as bits.
    lengths: [u32; 128],
    words: Vec<&'static [u8]>,
    /// Where in `words` those with each first byte begin.
    starts: [u8; 129],
}

impl Keywords {
    pub fn of(language: Option<Language>) -> Keywords {
        let mut words: Vec<&'static [u8]> = keywords(language).split_whitespace().map(str::as_bytes).collect();
        words.sort_unstable();
        let (mut lengths, mut starts) = ([0; 128], [0; 129]);
        for word in &words {
            lengths[usize::from(word[0] & 127)] |= 1 << word.len();
        }
        for (byte, start) in starts.iter_mut().enumerate() {
            *start = words.partition_point(|word| usize::from(word[0]) < byte) as u8;
        }
        Keywords { lengths, words, starts }
    }

    /// Which keyword a word is.
    #[inline]
    pub fn find(&self, word: &[u8]) -> Option<u8> {
        let first = usize::from(word[0]);
        if first > 127 || word.len() > 31 || self.lengths[first] & (1 << word.len()) == 0 {
            return None;
        }
        (self.starts[first]..self.starts[first + 1]).find(|&at| self.words[usize::from(at)] == word)
    }
}
