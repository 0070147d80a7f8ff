/**
 * EPC bits as lower-case hex, exactly as many as the tag carries: ceil(bits / 8) octets, bits beyond the count
 * cleared, word padding dropped. The 96-bit case is spelled out because it is nearly every tag and runs for
 * every read: it makes one flat string and no garbage.
 */
const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, octet) =>
  octet.toString(16).padStart(2, '0'),
);
const CODES = Uint16Array.from(DIGITS.flatMap((pair) => [pair.charCodeAt(0), pair.charCodeAt(1)]));

function hexOf96Bits(bytes: Uint8Array, at: number): string {
  const high = (index: number) => CODES[(bytes[at + index] ?? 0) * 2] ?? 0;
  const low = (index: number) => CODES[(bytes[at + index] ?? 0) * 2 + 1] ?? 0;
  return String.fromCharCode(
    high(0),
    low(0),
    high(1),
    low(1),
    high(2),
    low(2),
    high(3),
    low(3),
    high(4),
    low(4),
    high(5),
    low(5),
    high(6),
    low(6),
    high(7),
    low(7),
    high(8),
    low(8),
    high(9),
    low(9),
    high(10),
    low(10),
    high(11),
    low(11),
  );
}

export function hexOfBits(bytes: Uint8Array, at: number, bitCount: number): string {
  if (bitCount === 96) return hexOf96Bits(bytes, at);
  const wholeOctets = bitCount >>> 3;
  let hex = '';
  for (let i = 0; i < wholeOctets; i++) hex += DIGITS[bytes[at + i] ?? 0];
  const tail = bitCount & 7;
  if (tail > 0) hex += DIGITS[(bytes[at + wholeOctets] ?? 0) & (0xff00 >>> tail) & 0xff];
  return hex;
}

/** The octets of a hex string; the caller vouches for an even count of hex digits. */
export function octetsOfHex(hex: string): Uint8Array {
  const octets = new Uint8Array(hex.length >>> 1);
  for (let i = 0; i < octets.length; i++) octets[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return octets;
}
