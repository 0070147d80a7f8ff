/** Asks every sensor for what it measures, in both ways. */
import type { TalkTo } from '../talk.fixture.ts';
import { zigbeeSensor } from './kind.ts';

export const talkTo: TalkTo = (plan) => {
  const { baseTopic, sensors } = zigbeeSensor.options.parse(plan.options);
  const message = (topic: string, text: string) => ({
    topic,
    payload: new TextEncoder().encode(text),
    retained: false,
  });
  return {
    messages: sensors.flatMap((name) => [
      message(`${baseTopic}/${name}/get`, '{"temperature":"","humidity":""}'),
      message(`${baseTopic}/${name}/get/temperature`, ''),
    ]),
  };
};
