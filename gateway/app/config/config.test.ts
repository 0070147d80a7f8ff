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
  [
    'a device at a broker that is not listed',
    'devices: [{ id: a, driver: zigbee2mqtt, address: "mqtt:hall" }]',
    'devices[0].address: expected a broker listed under "brokers" (none), got "mqtt:hall"',
  ],
  [
    'a device that publishes, with no broker at all',
    'devices: [{ id: a, driver: zigbee2mqtt }]',
    'devices[0].driver: expected a "broker" section',
  ],
  [
    'topics that two devices claim',
    `brokers: { hall: { url: "mqtt://x" } }
devices:
  - { id: a, driver: impinj-iot, address: "mqtt:hall", options: { topic: "dock/+/events" } }
  - { id: b, driver: impinj-iot, address: "mqtt:hall", options: { topic: "dock/#" } }`,
    'devices[1].options: expected topics of its own: dock/# also catches what dock/+/events of device "a" does',
  ],
  ['a broker that is no address', 'brokers: { hall: { url: "tcp://x" } }', 'brokers.hall.url: expected'],
  ['a broker with an unknown setting', 'brokers: { hall: { url: "mqtt://x", pass: y } }', 'brokers.hall'],
  [
    'a password in the address',
    'brokers: { hall: { url: "mqtt://me:secret@x" } }',
    'brokers.hall.url: expected no user or password in it',
  ],
  [
    'certificates for an open broker',
    'brokers: { hall: { url: "mqtt://x", caFile: ca.pem } }',
    'brokers.hall.caFile: expected none',
  ],
  [
    'two connections of one client id',
    'brokers: { a: { url: "mqtt://x", clientId: c }, b: { url: "mqtt://x", clientId: c } }',
    'brokers.b.clientId: expected another',
  ],
  [
    'an expiry for a session that does not last',
    'brokers: { a: { url: "mqtt://x", session: clean, sessionExpirySeconds: 60 } }',
    'brokers.a.sessionExpirySeconds: expected none',
  ],
])('%s is refused with its path', (_what, text, expected) => {
  expect(problemsOf(() => load(text))).toContain(expected);
});

test('the same topics at two brokers are two devices', () => {
  const config = load(`broker: {}
brokers: { hall: { url: "mqtts://x", username: me, passwordFile: secret } }
devices:
  - { id: a, driver: zigbee2mqtt, address: "mqtt:" }
  - { id: b, driver: zigbee2mqtt, address: "mqtt:hall" }`);
  expect(config.brokers.hall).toMatchObject({
    passwordFile: join(folder, 'secret'),
    protocolVersion: 5,
    session: 'persistent',
    qos: 1,
  });
});

test('a file that is no certificate is refused at start, with its name', () => {
  writeFileSync(join(folder, 'cert.pem'), 'no certificate');
  const config = load('uplink: { url: "mqtts://x", certFile: cert.pem }');
  const start = () => createConfiguredUplink(config, virtualClock(), seededRandom(1, 'backoff'));
  expect(problemsOf(start)).toContain(`cannot use ${join(folder, 'cert.pem')} for TLS`);
});
