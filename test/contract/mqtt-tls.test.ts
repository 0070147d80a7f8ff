import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
} from '../../firmware-sim/aws-iot/identity/authority.ts';
import type { MqttTls } from '../../gateway/uplink/mqtt/mqtt-session.ts';
import {
  createMqttUplink,
  type MqttUplink,
  type MqttUplinkOptions,
} from '../../gateway/uplink/mqtt/mqtt-uplink.ts';
import { createClock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { type Engine, mosquittoFound, startMosquitto } from '../support/engines.ts';
import { freePort, until } from '../support/processes.ts';

const clock = createClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  setTimeout: (task, delayMs) => setTimeout(task, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
});
describe.runIf(mosquittoFound).each([4, 5] as const)(
  'TLS with certificates, protocol version %i',
  (protocolVersion) => {
    const folder = mkdtempSync(join(tmpdir(), 'tallyport-tls-'));
    const uplinks: MqttUplink[] = [];
    let authority: Authority;
    let stranger: Authority;
    let engine: Engine;
    let port = 0;

    beforeAll(async () => {
      authority = await createAuthority(Date.now());
      stranger = await createAuthority(Date.now());
      const server = await authority.issueServer(['localhost']);
      const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      chmodSync(folder, 0o755);
      port = await freePort();
      engine = await startMosquitto({
        settings: [
          `listener ${port} 127.0.0.1`,
          `cafile ${file('ca.pem', authority.ca)}`,
          `certfile ${file('server.pem', server.cert)}`,
          `keyfile ${file('server.key', server.key)}`,
          'require_certificate true',
          'use_identity_as_username true',
          'allow_anonymous true',
        ],
      });
    });
    afterEach(async () => {
      for (const uplink of uplinks.splice(0)) await uplink.close();
    });
    afterAll(async () => {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    });

    function dial(tls: MqttTls, more: Partial<MqttUplinkOptions> = {}): MqttUplink {
      const uplink = createMqttUplink({
        gateway: 'dc-1',
        url: `mqtts://localhost:${port}`,
        clock,
        random: seededRandom(1, 'tls'),
        backoffMs: { first: 20, longest: 50 },
        protocolVersion,
        tls,
        ...more,
      });
      uplinks.push(uplink);
      uplink.start({ onConnected: () => undefined, onDisconnected: () => undefined, onAck: () => undefined });
      return uplink;
    }
    const buffers = (ca: Authority, device?: IssuedCertificate): MqttTls => ({
      ca: Buffer.from(ca.ca),
      ...(device === undefined ? {} : { cert: Buffer.from(device.cert), key: Buffer.from(device.key) }),
    });

    test('the right certificates connect and carry', async () => {
      const uplink = dial(buffers(authority, await authority.issueDevice('dc-1')));
      await until('it to connect', () => uplink.connected);
      await uplink.publish('stock', Buffer.from('batch'));
    });

    test.each([
      [
        'a CA that did not sign the server',
        async () => buffers(stranger, await authority.issueDevice('dc-1')),
        /set caFile/,
      ],
      [
        'no client certificate',
        async () => buffers(authority),
        /client certificate|certFile|broke the connection|closed/,
      ],
      [
        'a client certificate of another CA',
        async () => buffers(authority, await stranger.issueDevice('dc-1')),
        /check certFile and keyFile/,
      ],
    ])('%s: never connected, and the state says what to look at', async (_what, tls, words) => {
      const uplink = dial(await tls());
      await until(`the reason, not ${uplink.state}`, () => words.test(uplink.state));
      expect(uplink.connected).toBe(false);
    });

    test('a server of another name is not trusted', async () => {
      const uplink = dial(buffers(authority, await authority.issueDevice('dc-1')), {
        url: `mqtts://127.0.0.1:${port}`,
      });
      await until('the reason', () => /for another host name/.test(uplink.state));
      expect(uplink.connected).toBe(false);
    });

    test('a port that speaks no TLS is reported as that', async () => {
      const uplink = dial(buffers(authority), { url: engine.url.replace('mqtt:', 'mqtts:') });
      await until('the reason', () => /does not speak TLS|broke the connection|closed/.test(uplink.state));
      expect(uplink.connected).toBe(false);
    });
  },
);
