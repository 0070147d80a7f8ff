import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { virtualClock } from '../../journal/worker/journal.fixture.ts';
import { createConfiguredUplink } from '../uplink/uplink-from-config.ts';
import { ConfigError, loadGatewayConfig } from './config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string) {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, `gateway: { id: gw-1 }\n${text}`);
  return loadGatewayConfig(file);
}

function problemsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

test.each([
  [
    'an address of no known kind',
    'devices: [{ id: a, driver: llrp, address: "10.0.0.5:5084" }]',
    'devices[0].address',
  ],
  [
    'an address whose port is none',
    'devices: [{ id: a, driver: llrp, address: "tcp://x:0" }]',
    'devices[0].address',
  ],
  [
    'an address for a device that publishes',
    'broker: {}\ndevices: [{ id: a, driver: zigbee2mqtt, address: "tcp://x:1" }]',
    'devices[0].address: expected none',
  ],
  [
    'a read point of a device that is not there',
    'readPoints: [{ id: bin, kind: scale, device: scael, stepMilligrams: 1, zeroWithinMilligrams: 1 }]',
    'readPoints[0]: expected device "scael" to be listed',
  ],
  ['an uplink without a host', 'uplink: { url: "mqtt://" }', 'uplink.url'],
  ['an uplink that is no address', 'uplink: { url: "mqtt://a b:1" }', 'uplink.url'],
  [
    'certificates for an open line',
    'uplink: { url: "mqtt://x", caFile: ca.pem }',
    'uplink.caFile: expected none',
  ],
])('%s is refused with its path', (_what, text, expected) => {
  expect(problemsOf(() => load(text))).toContain(expected);
});

test('a file that is no certificate is refused at start, with its name', () => {
  writeFileSync(join(folder, 'cert.pem'), 'no certificate');
  const config = load('uplink: { url: "mqtts://x", certFile: cert.pem }');
  const start = () => createConfiguredUplink(config, virtualClock(), seededRandom(1, 'backoff'));
  expect(problemsOf(start)).toContain(`cannot use ${join(folder, 'cert.pem')} for TLS`);
});
