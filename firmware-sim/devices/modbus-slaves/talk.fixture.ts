/** Reads every unit once. */
import { encodeReadRequest } from '../../../protocol/wire/modbus-rtu/frame.ts';
import type { TalkTo } from '../talk.fixture.ts';
import { modbusSlaves } from './kind.ts';

export const talkTo: TalkTo = (plan) => ({
  bytes: modbusSlaves.options
    .parse(plan.options)
    .units.map(({ address, profile }) =>
      encodeReadRequest(
        profile === 'xy-md02'
          ? { address, function: 4, register: 1, quantity: 2 }
          : { address, function: 3, register: 0, quantity: 1 },
      ),
    ),
});
