/** The log names each change once. */
import { expect, it } from 'vitest';
import { createTroubleLog, type GatewayTroubles } from './trouble-log.ts';

const lost = [{ condition: 'DISCONNECTED', detail: 'the device hung up' }];
const line = (level: string) => (fields: object) =>
  void lines.push(`${level} ${Object.values(fields).join(' ')}`);
let lines: string[] = [];

function logged(...moments: GatewayTroubles[]): string[] {
  lines = [];
  const look = createTroubleLog({ info: line('info'), warn: line('warn') });
  for (const moment of moments) look(moment);
  return lines;
}

it('says why the uplink is down and when it is back, each once', () => {
  const down = { connected: false, state: 'waiting 6 s: Bad username or password' };
  const up = { connected: true, state: 'connected to mqtt://cloud' };
  const moments = [down, { ...down, state: 'waiting 9 s: other' }, up, up, down];
  expect(logged(...moments.map((uplink) => ({ uplink, devices: [] })))).toEqual([
    'warn uplink.down waiting 6 s: Bad username or password',
    'info uplink.connected connected to mqtt://cloud',
    'warn uplink.down waiting 6 s: Bad username or password',
  ]);
});

it('names the beginning and the end of each condition of a device', () => {
  const ill = { uplink: undefined, devices: [{ device: 'scale', conditions: lost }] };
  const well = { uplink: undefined, devices: [{ device: 'scale', conditions: [] }] };
  expect(logged(well, ill, ill, well, well)).toEqual([
    'warn device.trouble scale DISCONNECTED the device hung up',
    'info device.well scale DISCONNECTED',
  ]);
});

it('reports a broker of the site when it is lost and when it is reached, each once', () => {
  const at = (connected: boolean, state: string) => ({
    uplink: undefined,
    brokers: [{ name: 'hall', connected, state }],
    devices: [],
  });
  expect(
    logged(at(false, 'waiting 2 s: no network'), at(false, 'connecting'), at(true, 'connected')),
  ).toEqual(['warn broker.down hall waiting 2 s: no network', 'info broker.connected hall connected']);
});

it('says nothing of a gateway without uplink and trouble', () => {
  expect(logged({ uplink: undefined, devices: [] })).toEqual([]);
});
