/** A recording holds both ways; replay plays what devices said, and leaves what was sent to them to the drivers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readRecording, writeRecording } from './recording.ts';
import { replay } from './replay.ts';
import type { TraceEntry } from './trace.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallyport-replay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const START = Date.UTC(2026, 2, 2, 6);

it('keeps the direction of a message, and replays no command as a reading', async () => {
  const file = join(folder, 'r.jsonl');
  const state = (at: number, temperature: number) => ({
    at: START + at,
    device: 'zigbee',
    topic: 'zigbee2mqtt/air',
    payload: JSON.stringify({ temperature }),
    retained: false,
  });
  // The second one went to the device: no bridge does that, so that it would show.
  const entries: TraceEntry[] = [state(1_000, 4), { ...state(2_000, 30), to: 'device' }, state(3_000, 5)];
  const writer = writeRecording(file, {
    tallyport: 'recording',
    v: 1,
    scenario: 'one-probe',
    seed: 1,
    startAt: START,
    endAt: START + 10_000,
    gateway: 'gw-1',
    devices: [{ id: 'zigbee', driver: 'zigbee2mqtt', options: {} }],
    readPoints: [
      {
        id: 'air',
        kind: 'condition',
        device: 'zigbee',
        channel: 'air',
        metrics: { temperature: { deadBandMilli: 100 } },
        heartbeatMs: 600_000,
      },
    ],
  });
  for (const entry of entries) writer.add(entry);
  await writer.close();
  expect((await readRecording(file)).entries).toEqual(entries);
  const events: unknown[] = [];
  await replay(file, (event) => void events.push(event));
  const values = events.flatMap((event) => JSON.stringify(event).match(/"valueMilli":(\d+)/)?.[1] ?? []);
  expect(values).toEqual(['4000', '5000']);
});
