/**
 * What stands in the memory of a simulated Gen2 tag: kill and access passwords, EPC, TID and 512 bits of user memory,
 * with their locks. A tag has memory from the moment somebody looks into it; until then it is its EPC and no more.
 */
import { LOCK_FIELD, LOCK_PRIVILEGE, MEMORY_BANK } from '../../../protocol/wire/llrp/access.ts';

const USER_WORDS = 32;
const TID_WORDS = 6;
/** CRC and PC before the EPC itself. */
const EPC_OFFSET_WORDS = 2;
const LONGEST_EPC_WORDS = 31;

type Lock = 'open' | 'password' | 'permalocked' | 'permaunlocked';

export type Denial = 'overrun' | 'locked';

export class TagMemory {
  isKilled = false;
  readonly #reserved = new Uint16Array(4);
  readonly #epc: Uint16Array;
  readonly #tid: Uint16Array;
  readonly #user = new Uint16Array(USER_WORDS);
  readonly #epcBits: number;
  readonly #locks = new Map<number, Lock>();
  #isRewritten = false;
  readonly #bornEpc: string;

  constructor(epc: string) {
    this.#bornEpc = epc;
    this.#epcBits = epc.length * 4;
    const words = wordsOf(epc);
    this.#epc = new Uint16Array(EPC_OFFSET_WORDS + Math.max(words.length, 6));
    this.#epc.set(words, EPC_OFFSET_WORDS);
    this.#epc[1] = Math.min(words.length, LONGEST_EPC_WORDS) << 11;
    this.#tid = Uint16Array.from({ length: TID_WORDS }, (_, index) => tidWord(epc, index));
  }

  /** What the tag backscatters, lower-case hex. */
  get epc(): string {
    if (!this.#isRewritten) return this.#bornEpc;
    const count = Math.min(this.#pc >>> 11, this.#epc.length - EPC_OFFSET_WORDS);
    return hexOf(this.#epc.subarray(EPC_OFFSET_WORDS, EPC_OFFSET_WORDS + count));
  }

  get epcBits(): number {
    return this.#isRewritten ? this.epc.length * 4 : this.#epcBits;
  }

  get pc(): number {
    return this.#pc;
  }

  get crc(): number {
    const count = Math.min(this.#pc >>> 11, this.#epc.length - EPC_OFFSET_WORDS);
    return crc16(this.#epc.subarray(1, EPC_OFFSET_WORDS + count));
  }

  get killPassword(): number {
    return this.#password(0);
  }

  get accessPassword(): number {
    return this.#password(2);
  }

  read(bank: number, pointer: number, count: number, secured: boolean): Denial | readonly number[] {
    const words = this.#bank(bank);
    const wanted = count === 0 ? words.length - pointer : count;
    if (wanted < 0 || pointer + wanted > words.length) return 'overrun';
    if (bank === MEMORY_BANK.Reserved && !this.#passwordsAreOpen(pointer, wanted, secured)) return 'locked';
    const copy = [...words.subarray(pointer, pointer + wanted)];
    if (bank === MEMORY_BANK.EPC && pointer === 0 && copy.length > 0) copy[0] = this.crc;
    return copy;
  }

  /** All of it or nothing. */
  write(bank: number, pointer: number, data: readonly number[], secured: boolean): Denial | undefined {
    const words = this.#bank(bank);
    if (pointer + data.length > words.length) return 'overrun';
    if (!this.#isWritable(bank, pointer, data.length, secured)) return 'locked';
    words.set(data, pointer);
    if (bank === MEMORY_BANK.EPC) this.#isRewritten = true;
    return undefined;
  }

  /** False when the field is locked for ever the other way, or the tag was not opened with its password. */
  lock(field: number, privilege: number, secured: boolean): boolean {
    const wanted = LOCKS[privilege];
    const now = this.#locks.get(field) ?? 'open';
    if (wanted === undefined || field > LOCK_FIELD.User || field === LOCK_FIELD.TID || !secured) return false;
    if (now === 'permalocked' || now === 'permaunlocked') return now === wanted;
    this.#locks.set(field, wanted);
    return true;
  }

  /** The bits of a bank in a range, as a text of 0 and 1; undefined beyond its end. */
  bits(bank: number, pointer: number, count: number): string | undefined {
    const words = this.#bank(bank);
    if (pointer + count > words.length * 16) return undefined;
    return Array.from({ length: count }, (_, index) => this.#bit(words, pointer + index)).join('');
  }

  get #pc(): number {
    return this.#epc[1] ?? 0;
  }

  #bank(bank: number): Uint16Array {
    switch (bank) {
      case MEMORY_BANK.Reserved:
        return this.#reserved;
      case MEMORY_BANK.EPC:
        return this.#epc;
      case MEMORY_BANK.TID:
        return this.#tid;
      default:
        return this.#user;
    }
  }

  #bit(words: Uint16Array, at: number): number {
    return ((words[at >>> 4] ?? 0) >>> (15 - (at & 15))) & 1;
  }

  #password(at: number): number {
    return (((this.#reserved[at] ?? 0) << 16) | (this.#reserved[at + 1] ?? 0)) >>> 0;
  }

  #passwordsAreOpen(pointer: number, count: number, secured: boolean): boolean {
    const fields = pointer < 2 ? [LOCK_FIELD.KillPassword] : [];
    const all = pointer + count > 2 ? [...fields, LOCK_FIELD.AccessPassword] : fields;
    return all.every((field) => this.#isOpen(field, secured));
  }

  #isWritable(bank: number, pointer: number, count: number, secured: boolean): boolean {
    switch (bank) {
      case MEMORY_BANK.Reserved:
        return this.#passwordsAreOpen(pointer, count, secured);
      case MEMORY_BANK.EPC:
        return this.#isOpen(LOCK_FIELD.EPC, secured);
      case MEMORY_BANK.TID:
        return false;
      default:
        return this.#isOpen(LOCK_FIELD.User, secured);
    }
  }

  #isOpen(field: number, secured: boolean): boolean {
    const lock = this.#locks.get(field) ?? 'open';
    return lock === 'open' || lock === 'permaunlocked' || (lock === 'password' && secured);
  }
}

const LOCKS: Readonly<Record<number, Lock>> = {
  [LOCK_PRIVILEGE.ReadWrite]: 'password',
  [LOCK_PRIVILEGE.Permalock]: 'permalocked',
  [LOCK_PRIVILEGE.Permaunlock]: 'permaunlocked',
  [LOCK_PRIVILEGE.Unlock]: 'open',
};

function wordsOf(hex: string): number[] {
  const padded = hex.padEnd(Math.ceil(hex.length / 4) * 4, '0');
  return Array.from({ length: padded.length / 4 }, (_, index) =>
    Number.parseInt(padded.slice(index * 4, index * 4 + 4), 16),
  );
}

function hexOf(words: Uint16Array): string {
  return [...words].map((word) => word.toString(16).padStart(4, '0')).join('');
}

/** Class identifier E2, a chip maker, and a serial number that follows from the EPC the tag was born with. */
function tidWord(epc: string, index: number): number {
  if (index < 2) return [0xe280, 0x1160][index] ?? 0;
  return crc16(Uint16Array.from([...wordsOf(epc), index]));
}

/** CRC-16 of Gen2: CCITT polynomial, preset to ones, inverted. */
function crc16(words: Uint16Array): number {
  let crc = 0xffff;
  for (const word of words) {
    crc ^= word;
    for (let bit = 0; bit < 16; bit++)
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return ~crc & 0xffff;
}

/** The memories of the tags that somebody has looked into. */
export class TagMemories {
  readonly #memories = new Map<string, TagMemory>();

  /** `epc` is the one the world knows the tag by, whatever was written since. */
  of(epc: string): TagMemory {
    const known = this.#memories.get(epc);
    if (known !== undefined) return known;
    const fresh = new TagMemory(epc);
    this.#memories.set(epc, fresh);
    if (this.#memories.size > MAX_MEMORIES) this.#memories.delete([...this.#memories.keys()][0] ?? '');
    return fresh;
  }

  /** Undefined as long as nobody looked. */
  known(epc: string): TagMemory | undefined {
    return this.#memories.get(epc);
  }
}

/** Tags beyond this forget what was written to the one looked into first. */
const MAX_MEMORIES = 10_000;
