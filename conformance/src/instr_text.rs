//! Firedancer's text form of single sBPF instructions (`src/flamenco/vm/test_vm_instr.c`).
//!
//! ```text
//!  # a comment
//!  input=00010203          hex; ends any region_boundary
//!  region_boundary=04      another part of the input ends here
//!  $ op=71 dst=1 src=2 off=0007 r2=400000000 imm=1 : ok r1=07
//! ```
//!
//! Every value is hexadecimal and stays until it is set again, in later cases too. What follows `:` is expected: `ok` with
//! registers (those not named as before the instruction), `err`, or `vfy` (or `vfyub`) for a verifier error.

/// How an instruction must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Ok,
    /// The VM stops.
    Fault,
    /// The verifier refuses it.
    Refused,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCase {
    /// Line of its `$`, from 1.
    pub line: usize,
    /// The machine before.
    pub input: TextInput,
    /// How it must end.
    pub status: Status,
    /// Registers afterwards, if it runs; r11 is nothing that a program can see.
    pub registers: [u64; 12],
}

/// The instruction and the machine before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextInput {
    /// The input region.
    pub input: Vec<u8>,
    /// Where its parts end; none for one part.
    pub region_ends: Vec<usize>,
    /// Opcode.
    pub op: u8,
    /// Destination register.
    pub dst: u8,
    /// Source register.
    pub src: u8,
    /// Offset.
    pub off: u16,
    /// Immediate; `lddw` takes all of it.
    pub imm: u64,
    /// Registers before.
    pub registers: [u64; 12],
}

/// Text that is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TextError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Every case of a text, in order.
///
/// # Errors
/// The first token that is none, or value out of range.
pub fn parse(text: &str) -> Result<Vec<TextCase>, TextError> {
    let mut parser = Parser { rest: text, ..Parser::default() };
    parser.line = 1;
    while parser.step()? {}
    Ok(parser.cases)
}

#[derive(Default)]
struct Parser<'a> {
    rest: &'a str,
    line: usize,
    case_line: usize,
    input: TextInput,
    expected: Option<(Option<Status>, [u64; 12])>,
    cases: Vec<TextCase>,
}

impl<'a> Parser<'a> {
    /// Reads a token; `false` at the end.
    fn step(&mut self) -> Result<bool, TextError> {
        self.skip(char::is_whitespace);
        let Some(first) = self.rest.chars().next() else {
            self.finish_case()?;
            return Ok(false);
        };
        match first {
            '#' => _ = self.skip(|character| character != '\n'),
            '$' => {
                self.finish_case()?;
                self.case_line = self.line;
                self.advance(1);
            }
            ':' => {
                self.expected = Some((None, self.input.registers));
                self.advance(1);
            }
            _ => self.word()?,
        }
        Ok(true)
    }

    fn finish_case(&mut self) -> Result<(), TextError> {
        let Some((status, registers)) = self.expected.take() else { return Ok(()) };
        let status = status.ok_or_else(|| self.error("an expectation without ok, err or vfy"))?;
        self.cases.push(TextCase { line: self.case_line, input: self.input.clone(), status, registers });
        Ok(())
    }

    fn word(&mut self) -> Result<(), TextError> {
        let word = self.skip(|character| character.is_ascii_alphanumeric() || character == '_');
        let status = match word {
            "ok" => Status::Ok,
            "err" => Status::Fault,
            "vfy" | "vfyub" => Status::Refused,
            _ => return self.assignment(word),
        };
        let Some((expected, _)) = &mut self.expected else { return Err(self.error(format!("{word} before :"))) };
        *expected = Some(status);
        Ok(())
    }

    fn assignment(&mut self, word: &str) -> Result<(), TextError> {
        let unexpected =
            || format!("unexpected {:?}", if word.is_empty() { &self.rest[..1.min(self.rest.len())] } else { word });
        let register = word.strip_prefix('r').and_then(|number| number.parse::<usize>().ok());
        let is_known =
            register.is_some() || ["input", "region_boundary", "op", "dst", "src", "off", "imm"].contains(&word);
        if !is_known {
            return Err(self.error(unexpected()));
        }
        self.skip(char::is_whitespace);
        if !self.rest.starts_with('=') {
            return Err(self.error(format!("{word} without a value")));
        }
        self.advance(1);
        self.skip(char::is_whitespace);
        let digits = self.skip(|character| character.is_ascii_hexdigit());
        if word == "input" {
            self.input.input = hex(digits).ok_or_else(|| self.error("an odd number of hex digits"))?;
            self.input.region_ends.clear();
            return Ok(());
        }
        let value = u64::from_str_radix(digits, 16).map_err(|error| self.error(format!("{word}: {error}")))?;
        let too_large = |parser: &Self| parser.error(format!("{word}={value:x} is too large"));
        match word {
            "region_boundary" => self.input.region_ends.push(value as usize),
            "op" => self.input.op = value.try_into().map_err(|_| too_large(self))?,
            "dst" => self.input.dst = (value & 0xf) as u8,
            "src" => self.input.src = (value & 0xf) as u8,
            "off" => self.input.off = value.try_into().map_err(|_| too_large(self))?,
            "imm" => self.input.imm = value,
            _ => {
                let registers = match &mut self.expected {
                    Some((_, registers)) => registers,
                    None => &mut self.input.registers,
                };
                let register = register.and_then(|register| registers.get_mut(register));
                let Some(register) = register else { return Err(self.error(format!("no register {word}"))) };
                *register = value;
            }
        }
        Ok(())
    }

    /// Takes characters as long as `test` holds.
    fn skip(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !test(character)).unwrap_or(self.rest.len());
        let taken = &self.rest[..end];
        self.advance(end);
        taken
    }

    fn advance(&mut self, size_bytes: usize) {
        let (taken, rest) = self.rest.split_at(size_bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
    }

    fn error(&self, what: impl Into<String>) -> TextError {
        TextError { line: self.line, what: what.into() }
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_until_they_are_set_again() {
        let text = "input=0001\n# two cases\n$ op=71 dst=1 src=2 off=ffff r2 =400000001 imm=1 : ok  r1=00 # a load\n$ op=95 : vfy\n";
        let cases = parse(text).expect("two cases");
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].line, cases[0].status), (3, Status::Ok));
        assert_eq!((cases[0].input.off, cases[0].input.input.as_slice()), (0xffff, &[0, 1][..]));
        assert_eq!((cases[0].registers[1], cases[0].registers[2]), (0, 0x4_0000_0001));
        assert_eq!((cases[1].status, cases[1].input.op, cases[1].input.dst), (Status::Refused, 0x95, 1));
        assert_eq!(cases[1].registers[2], 0x4_0000_0001);
    }

    #[test]
    fn a_new_input_is_whole_again() {
        let text = "input=00010203 region_boundary=2 region_boundary=4 $ op=71 : ok input=05 $ op=71 : err";
        let cases = parse(text).expect("two cases");
        assert!(cases[0].input.region_ends.is_empty());
        let cases = parse("input=00010203 region_boundary=2 region_boundary=4 $ op=71 : ok").expect("a case");
        assert_eq!(cases[0].input.region_ends, [2, 4]);
    }

    #[test]
    fn refuses_what_is_no_case() {
        for (text, line) in [
            ("$ op=100 : ok", 1),
            ("\n$ op= : ok", 2),
            ("$ foo=1", 1),
            ("ok", 1),
            ("$ op=1 : r1=2", 1),
            ("$ r12=0 : ok", 1),
        ] {
            assert_eq!(parse(text).expect_err(text).line, line, "{text}");
        }
        assert!(parse("input=012").is_err() && parse("$ ,").is_err());
    }
}
