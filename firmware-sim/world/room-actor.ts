/** Lets a cold room live second by second and shows its air to the probes; watches for true excursions. */
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Handles } from '../devices/handles.ts';
import { type ColdRoom, createColdRoom } from './cold-room.ts';
import { watchExcursions } from './excursion-watch.ts';
import type { RoomPlace, Scenario } from './scenario.ts';
import type { Truth } from './truth.ts';

const STEP_MS = 1000;

export interface RoomActor {
  readonly room: ColdRoom;
  /** Opens the door for a while; openings overlap. */
  openDoor(forMs: number): void;
}

export function createRoomActor(
  place: RoomPlace,
  rules: Scenario['site']['rules'],
  handles: Handles,
  clock: Clock,
  truth: Truth,
): RoomActor {
  const room = createColdRoom(place);
  const contact = place.contact && handles.contact(place.contact.device, place.contact.channel);
  const probes = place.probes.map((probe) => ({
    offsetMilli: probe.offsetMilli,
    handle: handles.probe(probe.device, probe.channel),
    watches: rules
      .filter((rule) => rule.metric === 'temperature' && rule.locations.includes(place.location))
      .map((rule) => watchExcursions(rule, { readPoint: probe.readPoint, location: place.location }, truth)),
  }));
  let opened = 0;
  let steppedTo = clock.now();
  const show = () => {
    for (const probe of probes) {
      const temperature = room.temperatureMilli() + probe.offsetMilli;
      probe.handle.setTemperatureMilliCelsius(temperature);
      probe.handle.setHumidityMilliPercent(room.humidityMilli());
      for (const watch of probe.watches) watch.observe(temperature, steppedTo);
    }
  };
  const step = () => {
    while (steppedTo + STEP_MS <= clock.now()) {
      steppedTo += STEP_MS;
      room.step();
      show();
    }
    clock.setTimer(STEP_MS, `${place.location} air`, step);
  };
  contact?.setOpen(false);
  show();
  step();
  return {
    room,
    openDoor(forMs) {
      opened++;
      room.setDoor(true);
      contact?.setOpen(true);
      clock.setTimer(forMs, `${place.location} door closes`, () => {
        opened--;
        if (opened > 0) return;
        room.setDoor(false);
        contact?.setOpen(false);
      });
    },
  };
}
