/**
 * A cold room as a first-order thermal body: warmth leaks in (faster with the door open), a compressor with
 * hysteresis takes it out. Stepped once a second; deterministic.
 */
import type { RoomPlace } from './scenario.ts';

/** With the door closed, milli-percent RH. */
export const ROOM_HUMIDITY_MILLI = 62_000;

export interface ColdRoom {
  readonly place: RoomPlace;
  /** Air temperature now, milli-degrees Celsius. */
  temperatureMilli(): number;
  humidityMilli(): number;
  setCompressor(on: boolean): void;
  setDoor(open: boolean): void;
  /** One second passes. */
  step(): void;
}

export function createColdRoom(place: RoomPlace): ColdRoom {
  let temperature = place.setpointMilli;
  let humidity = ROOM_HUMIDITY_MILLI;
  let running = false;
  let healthy = true;
  let doorOpen = false;
  return {
    place,
    temperatureMilli: () => Math.round(temperature),
    humidityMilli: () => Math.round(humidity),
    setCompressor(on) {
      healthy = on;
    },
    setDoor(open) {
      doorOpen = open;
    },
    step() {
      const leak = doorOpen ? place.doorLeakSeconds : place.leakSeconds;
      temperature += (place.ambientMilli - temperature) / leak;
      if (temperature > place.setpointMilli + place.swingMilli) running = true;
      if (temperature < place.setpointMilli - place.swingMilli) running = false;
      if (running && healthy) temperature -= place.coolingMilliPerSecond;
      humidity += ((doorOpen ? 78_000 : ROOM_HUMIDITY_MILLI) - humidity) / (doorOpen ? 300 : 900);
    },
  };
}
