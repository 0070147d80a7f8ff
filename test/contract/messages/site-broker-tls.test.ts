/** The gateway at a broker of the site that wants TLS and a certificate of each client. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
} from '../../../firmware-sim/aws-iot/identity/authority.ts';
import type { SiteTls } from '../../../gateway/transports/site-broker/site-broker-options.ts';
import { type Engine, mosquittoFound, startMosquitto } from '../../support/engines.ts';
import { freePort, until } from '../../support/processes.ts';
import { closeAll, device, Listener, siteBroker } from './rigs.ts';

describe.runIf(mosquittoFound).each([4, 5] as const)('TLS, protocol version %i', (protocolVersion) => {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-site-tls-'));
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
        'allow_anonymous true',
      ],
    });
  });
  afterEach(closeAll);
  afterAll(async () => {
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const tlsOf = (ca: Authority, own?: IssuedCertificate): SiteTls => ({
    ca: Buffer.from(ca.ca),
    ...(own === undefined ? {} : { cert: Buffer.from(own.cert), key: Buffer.from(own.key) }),
  });
  const dial = (tls: SiteTls) => {
    const broker = siteBroker(`mqtts://localhost:${port}`, { protocolVersion, tls });
    const listener = new Listener(broker, ['dock/#']);
    broker.start();
    return listener;
  };

  test('the right certificates connect and carry', async () => {
    const listener = dial(tlsOf(authority, await authority.issueDevice('gw-1')));
    await listener.opened();
    const sender = await device(engine.url);
    await sender.publishAsync('dock/1', 'heard', { qos: 1 });
    await listener.count(1);
    expect(listener.texts).toEqual(['heard']);
  });

  test.each([
    [
      'a CA that did not sign the server',
      async () => tlsOf(stranger, await authority.issueDevice('gw-1')),
      /set caFile/,
    ],
    ['no certificate', async () => tlsOf(authority), /client certificate|certFile|broke the connection/],
    [
      'a certificate of another CA',
      async () => tlsOf(authority, await stranger.issueDevice('gw-1')),
      /check certFile and keyFile/,
    ],
  ])('%s: never open, and the words say what to look at', async (_what, tls, words) => {
    const listener = dial(await tls());
    await until(`the words, not ${listener.log.at(-1)}`, () => listener.log.some((line) => words.test(line)));
    expect(listener.isOpen).toBe(false);
  });
});
