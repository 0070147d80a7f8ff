/** Runs forklift passes at one door: feeds the reader's antennas and light beams while a load is in the field. */
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import type { TagInField } from '../devices/device.ts';
import type { ReaderHandle } from '../devices/handles.ts';
import { createDoorPass, PASS_KINDS, type PassKind } from './door-pass.ts';
import type { DoorPlace } from './scenario.ts';
import type { TruePass } from './truth.ts';

/** How often the load's place is worked out; shorter than any reader's round. */
const STEP_MS = 100;

export interface DoorActor {
  /** Starts a pass now; `done` is called once the load has left the field. One at a time per door. */
  pass(kind: PassKind, epcs: readonly string[], done: (pass: TruePass) => void): void;
}

export function createDoorActor(
  door: DoorPlace,
  reader: ReaderHandle,
  parkedTags: readonly TagInField[],
  clock: Clock,
  random: Random,
): DoorActor {
  let busy = false;
  reader.setTags(parkedTags);
  return {
    pass(kind, epcs, done) {
      if (busy) throw new Error(`${door.readPoint}: the script lets two loads through the door at once`);
      busy = true;
      const from = clock.now();
      const physics = createDoorPass(door, kind, epcs, random);
      let beams = { outer: false, inner: false };
      const showBeams = (next: { outer: boolean; inner: boolean }) => {
        if (door.photoEyes !== undefined) {
          if (next.outer !== beams.outer) reader.setGpi(door.photoEyes.outer, next.outer);
          if (next.inner !== beams.inner) reader.setGpi(door.photoEyes.inner, next.inner);
        }
        beams = next;
      };
      const step = () => {
        const elapsed = clock.now() - from;
        if (elapsed >= physics.durationMs) {
          reader.setTags(parkedTags);
          showBeams({ outer: false, inner: false });
          busy = false;
          const { direction } = PASS_KINDS[kind];
          done({ readPoint: door.readPoint, direction, from, to: clock.now(), epcs });
          return;
        }
        reader.setTags([...parkedTags, ...physics.tagsAt(elapsed)]);
        showBeams(physics.beamsAt(elapsed));
        clock.setTimer(STEP_MS, `${door.readPoint} load moves`, step);
      };
      step();
    },
  };
}
