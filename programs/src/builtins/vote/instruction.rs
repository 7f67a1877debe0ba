//! Decodes vote instructions from their bincode layout: tag u32, then the fields, little-endian. What comes after the
//! last field is ignored.
//!
//! A compact tower (tags 12 to 15) is: root u64 (`u64::MAX` for none), votes as a compact-u16 count and per vote the
//! distance from the one before (from the root, or 0) as a LEB128 u64 and its confirmations as u8, hash, timestamp
//! option. Both variable-size integers are refused in any but their shortest form.
//!
//! Source: crate `solana-vote-interface` 6.0, `instruction.rs` and `state/`.

use heddle_types::Pubkey;
use solana_instruction_error::InstructionError;

use super::{
    lockout::LandedVote,
    state::{BLS_PUBKEY_BYTES, percent_to_bps},
};
use crate::builtins::{reader::Reader, system::Seed};

/// Bytes of a compressed proof of possession.
pub(super) const BLS_PROOF_BYTES: usize = 96;
/// Stored size of a lockout: slot, confirmations.
const LOCKOUT_BYTES: usize = 8 + 4;
/// Least bytes of a compact lockout.
const COMPACT_LOCKOUT_BYTES_MIN: usize = 2;

/// Which commission is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommissionKind {
    InflationRewards,
    BlockRevenue,
}

/// A BLS key and the proof that its owner has the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlsKey {
    pub(super) pubkey: [u8; BLS_PUBKEY_BYTES],
    pub(super) proof: [u8; BLS_PROOF_BYTES],
}

/// Which authority is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    Voter,
    Withdrawer,
    VoterWithBls(BlsKey),
}

/// A current authority that is an address derived with a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DerivedAuthority {
    pub(super) owner: Pubkey,
    pub(super) seed: Seed,
}

/// What a new vote account holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewAccount {
    pub(super) node: Pubkey,
    pub(super) voter: Pubkey,
    pub(super) withdrawer: Pubkey,
    pub(super) inflation_rewards_commission_bps: u16,
}

/// The rest of what a new vote account holds since SIMD-0464.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewAccountV2 {
    pub(super) account: NewAccount,
    pub(super) bls: BlsKey,
    pub(super) block_revenue_commission_bps: u16,
}

/// Votes in the oldest form: slots alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotVotes {
    pub(super) slots: Vec<u64>,
    pub(super) hash: [u8; 32],
    pub(super) timestamp: Option<i64>,
}

/// A whole tower as a validator has it; latencies are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProposedTower {
    pub(super) votes: Vec<LandedVote>,
    pub(super) root: Option<u64>,
    pub(super) hash: [u8; 32],
    pub(super) timestamp: Option<i64>,
}

/// A decoded instruction. Forms with and without a switch proof are one: nothing looks at the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VoteInstruction {
    InitializeAccount(NewAccount),
    Authorize(Pubkey, Authority),
    Vote(SlotVotes),
    Withdraw { lamports: u64 },
    UpdateValidatorIdentity,
    UpdateCommission { percent: u8 },
    AuthorizeChecked(Authority),
    UpdateVoteState(ProposedTower),
    AuthorizeWithSeed(Authority, DerivedAuthority, Pubkey),
    AuthorizeCheckedWithSeed(Authority, DerivedAuthority),
    TowerSync(ProposedTower),
    InitializeAccountV2(NewAccountV2),
    UpdateCommissionCollector(CommissionKind),
    UpdateCommissionBps { bps: u16, kind: CommissionKind },
    DepositDelegatorRewards { lamports: u64 },
}

impl VoteInstruction {
    /// Decodes instruction data.
    ///
    /// # Errors
    /// `InvalidInstructionData`.
    #[inline]
    pub(super) fn decode(data: &[u8]) -> Result<Self, InstructionError> {
        Self::read(&mut Reader::of_instruction(data)).ok_or(InstructionError::InvalidInstructionData)
    }

    fn read(from: &mut Reader) -> Option<Self> {
        Some(match from.word()? {
            0 => Self::InitializeAccount(read_new_account(from)?),
            1 => Self::Authorize(from.key()?, read_authority(from)?),
            2 => Self::Vote(read_slot_votes(from)?),
            3 => Self::Withdraw { lamports: from.long()? },
            4 => Self::UpdateValidatorIdentity,
            5 => Self::UpdateCommission { percent: from.byte()? },
            6 => Self::Vote(with_switch_proof(from, read_slot_votes)?),
            7 => Self::AuthorizeChecked(read_authority(from)?),
            8 => Self::UpdateVoteState(read_tower(from)?),
            9 => Self::UpdateVoteState(with_switch_proof(from, read_tower)?),
            10 => Self::AuthorizeWithSeed(read_authority(from)?, read_derived(from)?, from.key()?),
            11 => Self::AuthorizeCheckedWithSeed(read_authority(from)?, read_derived(from)?),
            12 => Self::UpdateVoteState(read_compact_tower(from)?),
            13 => Self::UpdateVoteState(with_switch_proof(from, read_compact_tower)?),
            14 => Self::TowerSync(read_tower_sync(from)?),
            15 => Self::TowerSync(with_switch_proof(from, read_tower_sync)?),
            16 => Self::InitializeAccountV2(read_new_account_v2(from)?),
            17 => Self::UpdateCommissionCollector(read_commission_kind(from)?),
            18 => Self::UpdateCommissionBps { bps: from.half()?, kind: read_commission_kind(from)? },
            19 => Self::DepositDelegatorRewards { lamports: from.long()? },
            _ => return None,
        })
    }
}

fn read_new_account(from: &mut Reader) -> Option<NewAccount> {
    Some(NewAccount {
        node: from.key()?,
        voter: from.key()?,
        withdrawer: from.key()?,
        inflation_rewards_commission_bps: percent_to_bps(from.byte()?),
    })
}

fn read_new_account_v2(from: &mut Reader) -> Option<NewAccountV2> {
    let (node, voter, bls) = (from.key()?, from.key()?, read_bls_key(from)?);
    let (withdrawer, inflation_rewards_commission_bps) = (from.key()?, from.half()?);
    let account = NewAccount { node, voter, withdrawer, inflation_rewards_commission_bps };
    Some(NewAccountV2 { account, bls, block_revenue_commission_bps: from.half()? })
}

fn read_bls_key(from: &mut Reader) -> Option<BlsKey> {
    Some(BlsKey { pubkey: *from.take()?, proof: *from.take()? })
}

fn read_authority(from: &mut Reader) -> Option<Authority> {
    Some(match from.word()? {
        0 => Authority::Voter,
        1 => Authority::Withdrawer,
        2 => Authority::VoterWithBls(read_bls_key(from)?),
        _ => return None,
    })
}

fn read_derived(from: &mut Reader) -> Option<DerivedAuthority> {
    Some(DerivedAuthority { owner: from.key()?, seed: Seed::read(from)? })
}

fn read_commission_kind(from: &mut Reader) -> Option<CommissionKind> {
    match from.word()? {
        0 => Some(CommissionKind::InflationRewards),
        1 => Some(CommissionKind::BlockRevenue),
        _ => None,
    }
}

/// A value that the hash of a switch proof follows.
fn with_switch_proof<T>(from: &mut Reader, read: impl FnOnce(&mut Reader) -> Option<T>) -> Option<T> {
    let value = read(from)?;
    from.skip(32)?;
    Some(value)
}

fn read_timestamp(from: &mut Reader) -> Option<Option<i64>> {
    from.option(|from| from.long().map(|seconds| seconds as i64))
}

fn read_slot_votes(from: &mut Reader) -> Option<SlotVotes> {
    Some(SlotVotes { slots: from.list(8, Reader::long)?, hash: *from.take()?, timestamp: read_timestamp(from)? })
}

fn read_tower(from: &mut Reader) -> Option<ProposedTower> {
    let votes = from.list(LOCKOUT_BYTES, |from| {
        Some(LandedVote { slot: from.long()?, confirmation_count: from.word()?, latency: 0 })
    })?;
    Some(ProposedTower {
        votes,
        root: from.option(Reader::long)?,
        hash: *from.take()?,
        timestamp: read_timestamp(from)?,
    })
}

fn read_compact_tower(from: &mut Reader) -> Option<ProposedTower> {
    let root = Some(from.long()?).filter(|root| *root != u64::MAX);
    let count = usize::from(read_compact_u16(from)?);
    if count > from.0.len() / COMPACT_LOCKOUT_BYTES_MIN {
        return None;
    }
    let mut votes = Vec::with_capacity(count);
    let mut slot = root.unwrap_or(0);
    for _ in 0..count {
        let (distance, confirmation_count) = (read_leb128_u64(from)?, from.byte()?);
        slot = slot.checked_add(distance)?;
        votes.push(LandedVote { slot, confirmation_count: confirmation_count.into(), latency: 0 });
    }
    Some(ProposedTower { votes, root, hash: *from.take()?, timestamp: read_timestamp(from)? })
}

/// A compact tower and the id of the block voted for, which nothing looks at.
fn read_tower_sync(from: &mut Reader) -> Option<ProposedTower> {
    with_switch_proof(from, read_compact_tower)
}

/// One to three bytes, seven bits each, lowest first.
fn read_compact_u16(from: &mut Reader) -> Option<u16> {
    let mut value = 0u32;
    for position in 0..3 {
        let byte = from.byte()?;
        if byte == 0 && position > 0 {
            return None;
        }
        value |= u32::from(byte & 0x7f) << (7 * position);
        if byte & 0x80 == 0 {
            return u16::try_from(value).ok();
        }
    }
    None
}

/// One to ten bytes, seven bits each, lowest first.
#[inline]
fn read_leb128_u64(from: &mut Reader) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = from.byte()?;
        let bits = u64::from(byte & 0x7f);
        value |= bits << shift;
        if byte & 0x80 == 0 {
            let is_cut = (bits << shift) >> shift != bits;
            let is_padded = byte == 0 && shift > 0;
            return (!is_cut && !is_padded).then_some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compact tower: root, votes, hash, no timestamp.
    fn compact(root: u64, votes: &[u8]) -> Vec<u8> {
        [&root.to_le_bytes()[..], votes, &[4; 32], &[0]].concat()
    }

    fn decode(tag: u32, fields: &[u8]) -> Option<VoteInstruction> {
        VoteInstruction::decode(&[&tag.to_le_bytes()[..], fields].concat()).ok()
    }

    fn vote(slot: u64, confirmation_count: u32) -> LandedVote {
        LandedVote { slot, confirmation_count, latency: 0 }
    }

    #[test]
    fn compact_towers_count_from_their_root() {
        let expected = ProposedTower {
            votes: vec![vote(103, 2), vote(103 + 300, 1)],
            root: Some(100),
            hash: [4; 32],
            timestamp: None,
        };
        let update = compact(100, &[2, 3, 2, 0xac, 2, 1]);
        let sync = [&update[..], &[9; 32]].concat();
        assert_eq!(decode(12, &update), Some(VoteInstruction::UpdateVoteState(expected.clone())));
        assert_eq!(decode(13, &sync), Some(VoteInstruction::UpdateVoteState(expected.clone())));
        assert_eq!(decode(14, &sync), Some(VoteInstruction::TowerSync(expected.clone())));
        let switch = [&sync[..], &[8; 32]].concat();
        assert_eq!(decode(15, &switch), Some(VoteInstruction::TowerSync(expected)));
        for (tag, whole) in [(12, &update), (13, &sync), (14, &sync), (15, &switch)] {
            for short in 0..whole.len() {
                assert_eq!(decode(tag, &whole[..short]), None, "tag {tag} cut at {short}");
            }
        }
        let rootless = compact(u64::MAX, &[1, 3, 1]);
        let Some(VoteInstruction::UpdateVoteState(tower)) = decode(12, &rootless) else { panic!("valid") };
        assert_eq!((tower.root, tower.votes), (None, vec![vote(3, 1)]));
    }

    #[test]
    fn integers_have_one_form() {
        let is_valid = |votes: &[u8]| decode(12, &compact(1, votes)).is_some();
        assert!(is_valid(&[1, 5, 1]));
        assert!(!is_valid(&[0x81, 0, 5, 1]), "padded count");
        assert!(!is_valid(&[0x81, 0x80, 4, 5, 1]), "count over 65,535");
        assert!(!is_valid(&[1, 0x85, 0, 1]), "padded distance");
        let mut max = [0xff; 12];
        (max[0], max[10], max[11]) = (1, 1, 1);
        assert!(!is_valid(&max), "beyond the last slot");
        (max[1], max[10]) = (0xfe, 1);
        assert!(is_valid(&max), "the last slot");
        max[10] = 3;
        assert!(!is_valid(&max), "65 bits");
    }

    #[test]
    fn decodes_1232_bytes_at_most() {
        let update = |count: u64| {
            let lockouts = [0; LOCKOUT_BYTES].repeat(count as usize);
            [&count.to_le_bytes()[..], &lockouts, &[0], &[4; 32], &[0]].concat()
        };
        assert!(decode(8, &update(98)).is_some());
        assert!(decode(8, &update(99)).is_none());
        assert!(decode(8, &[update(98), vec![0xff; 4_000]].concat()).is_some());
    }

    #[test]
    fn seeds_are_utf8() {
        let with = |text: &[u8]| {
            let size = (text.len() as u64).to_le_bytes();
            decode(11, &[&1u32.to_le_bytes()[..], &[7; 32], &size, text].concat())
        };
        let current = DerivedAuthority { owner: Pubkey::new_from_array([7; 32]), seed: Seed::new("ä") };
        let expected = VoteInstruction::AuthorizeCheckedWithSeed(Authority::Withdrawer, current);
        assert_eq!(with("ä".as_bytes()), Some(expected));
        assert_eq!(with(b"\xff"), None);
    }
}
