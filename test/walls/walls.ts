/**
 * The walls between the rooms (folders): who may import whom, who may use what. `npm run -s walls` checks the sources;
 * ARCHITECTURE.md prints it (`npm run docs`). A row stands below the rows it imports.
 */

import type { CodeRoom } from './room.ts';
import { CLOUD } from './rooms/cloud.ts';
import { FIRMWARE_SIM } from './rooms/firmware-sim.ts';
import { GATEWAY } from './rooms/gateway.ts';
import { PROTOCOL } from './rooms/protocol.ts';

export const WALLS: readonly CodeRoom[] = [...PROTOCOL, ...GATEWAY, ...CLOUD, ...FIRMWARE_SIM];
