/** What a gateway says on its state topic: the words `online` and `offline` (its will), as plain text. */
export type GatewayState = 'online' | 'offline';

const LONGEST_BYTES = 16;

export function parseGatewayState(payload: Uint8Array): GatewayState | undefined {
  if (payload.length > LONGEST_BYTES) return undefined;
  const word = Buffer.from(payload).toString('utf8').trim();
  return word === 'online' || word === 'offline' ? word : undefined;
}
