/** Nobody talks to it over MQTT. */
import type { TalkTo } from '../talk.fixture.ts';

export const talkTo: TalkTo = () => ({});
