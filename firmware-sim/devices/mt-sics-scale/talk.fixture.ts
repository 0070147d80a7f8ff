/** Asks who it is, zeroes it and lets it send weights without end. */
import type { TalkTo } from '../talk.fixture.ts';

export const talkTo: TalkTo = () => ({
  bytes: ['@\r\n', 'I2\r\n', 'ZI\r\n', 'SIR\r\n'].map((line) => new TextEncoder().encode(line)),
});
