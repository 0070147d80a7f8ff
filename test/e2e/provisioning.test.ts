/** Gateways that get, renew, lose and get back their identity: real cloud, real sockets and TLS, real journal. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCertificateRequest } from '../../cloud/enrolment/certificate-request.ts';
import { openDeviceCa } from '../../cloud/enrolment/device-ca.ts';
import { batchOf, delivery, weighing } from '../../cloud/ingest/deliveries.fixture.ts';
import { loadGatewayConfig } from '../../gateway/app/config/config.ts';
import { askCloud } from '../../gateway/enrolment/cloud-client.ts';
import { enrolWithCode, renewIdentity } from '../../gateway/enrolment/enrol.ts';
import { type Identity, readIdentity } from '../../gateway/enrolment/identity-folder.ts';
import { ackTopic, upTopic } from '../../protocol/link/topics.ts';
import { mosquittoFound } from '../support/engines.ts';
import { freePort, startProcess, until } from '../support/processes.ts';
import { gatewayIn, type ProvisionedSite, startProvisionedSite } from '../support/provisioned-site.ts';

class PowerCut extends Error {}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

interface ExceptionItem {
  id: string;
  kind: string;
  subject: string;
  revision: number;
}

describe('provisioning', () => {
  let site: ProvisionedSite;
  beforeAll(async () => {
    site = await startProvisionedSite();
  });
  afterAll(() => site.close());

  const eventsOf = async (gateway: string) => {
    const rows = await site.cloud.store.db
      .selectFrom('events')
      .select('seq')
      .where('gateway', '=', gateway)
      .where('lane', '=', 'stock')
      .orderBy('seq')
      .execute();
    return rows.map((row) => row.seq);
  };
  const alarms = async (gateway: string) =>
    (await site.call<{ items: ExceptionItem[] }>('/exceptions?limit=1000')).items.filter(
      ({ kind, subject }) => kind === 'GATEWAY_REVOKED_TRAFFIC' && subject === gateway,
    );
  const revoke = (gateway: string) => site.call(`/gateways/${gateway}/revoke`, {});
  const opens = async (token: string) => (await site.http('/link/v1/identity', { token })).status === 200;
  const brokerUrl = () => `mqtts://127.0.0.1:${site.cloud.brokerPort}`;
  const signIn = (gateway: string, token: string) =>
    connectAsync(brokerUrl(), {
      username: gateway,
      password: token,
      clientId: gateway,
      ca: site.ca.certPem,
      reconnectPeriod: 0,
    });
  const batch = (gateway: string, more: object = {}) =>
    batchOf([weighing(Date.now(), 1000)], { gateway, epoch: 'epoch-stolen', ...more });

  it('takes a gateway from a code to events in the ledger, with files for it alone and a gateway.yaml', async () => {
    const gateway = gatewayIn(site, 'gw-first');
    await gateway.enroll({ code: await site.invite('gw-first') });
    const config = loadGatewayConfig(gateway.config);
    expect(config).toMatchObject({ gateway: { id: 'gw-first' }, identity: { dir: gateway.dir } });
    expect(config.uplink?.url).toBe(brokerUrl());
    for (const name of readdirSync(join(gateway.dir, 'current/'))) {
      expect(statSync(join(gateway.dir, 'current', name)).mode & 0o777).toBe(0o600);
    }
    const { certificatePem = '', keyPem = '' } = readIdentity(gateway.dir) ?? {};
    expect(new X509Certificate(certificatePem).subject).toBe('CN=gw-first');
    expect(new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))).toBe(true);

    await gateway.record(5);
    const running = await gateway.start();
    await until('the events to arrive', async () => (await eventsOf('gw-first')).length === 5);
    const { identity } = await running.status();
    expect(identity?.renewalDueAt).toBeGreaterThan(Date.now());
    await running.close();
  });

  it('refuses to overwrite an identity, a code with a typing mistake, another’s code, and plain HTTP', async () => {
    const gateway = gatewayIn(site, 'gw-careful');
    const code = await site.invite('gw-careful');
    const cases: [Parameters<typeof gateway.enroll>[0], RegExp][] = [
      [{ code: code.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) }, /this is no code/],
      [{ code, gateway: 'gw-other' }, /invitation is for another gateway/],
      [{ code, cloud: 'http://cloud.example' }, /unencrypted/],
      [{ code, cloud: 'ftp://cloud.example' }, /expected the address of the cloud/],
      [{ code, ca: undefined }, /--ca FILE/],
      [{ code, csrOnly: true }, /expected one of/],
      [{ renew: true }, /no identity to renew/],
    ];
    for (const [options, reason] of cases) await expect(gateway.enroll(options)).rejects.toThrow(reason);
    expect(existsSync(gateway.config)).toBe(false);
    await gateway.enroll({ code });
    await expect(gateway.enroll({ code, renew: true })).rejects.toThrow(/has been used/);
    await expect(gateway.enroll({ code: await site.invite('gw-careful') })).rejects.toThrow(
      /holds an identity/,
    );
  });

  it('survives a power cut after any step of a renewal: what is on disk always opens the cloud', async () => {
    const gateway = gatewayIn(site, 'gw-cut');
    await gateway.enroll({ code: await site.invite('gw-cut') });
    const renewCutAfter = async (step: number) => {
      let left = step;
      const onStep = () => {
        left -= 1;
        if (left === 0) throw new PowerCut();
      };
      await renewIdentity({ dir: gateway.dir, ask: askCloud, now: Date.now, onStep });
    };
    let cuts = 0;
    while (cuts < 40) {
      const cut = await renewCutAfter(cuts + 1).then(
        () => false,
        (error: unknown) => {
          expect(error).toBeInstanceOf(PowerCut);
          return true;
        },
      );
      const { token = '', certificatePem = '', keyPem = '' } = readIdentity(gateway.dir) as Identity;
      expect(new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
      // Not used yet where the cut came before: the next renewal begins from what is there.
      if (cuts % 2 === 0) expect(await opens(token)).toBe(true);
      if (!cut) break;
      cuts += 1;
    }
    expect(cuts).toBeGreaterThan(10);
    expect(cuts).toBeLessThan(39);
  });

  it('survives a power cut after any step of an enrolment: an identity that opens, or none and a new code', async () => {
    let steps = 0;
    for (let step = 1; step < 40; step++) {
      const { dir } = gatewayIn(site, `gw-step-${step}`);
      let left = step;
      const onStep = () => {
        left -= 1;
        if (left === 0) throw new PowerCut();
      };
      const cloud = { url: site.cloud.httpUrl, caPem: site.ca.certPem };
      const asked = { cloud, gateway: 'gw-step', replace: false };
      const cut = await site
        .invite('gw-step')
        .then((code) => enrolWithCode({ dir, ask: askCloud, now: Date.now, onStep }, { ...asked, code }))
        .then(
          () => false,
          () => true,
        );
      const identity = readIdentity(dir);
      if (identity !== undefined) expect(await opens(identity.token ?? '')).toBe(true);
      steps = step;
      if (!cut) break;
    }
    expect(steps).toBeGreaterThan(10);
    expect(steps).toBeLessThan(39);
  });

  it('lets a running gateway take up renewed files by itself when its old token ends', async () => {
    const gateway = gatewayIn(site, 'gw-renew');
    await gateway.enroll({ code: await site.invite('gw-renew') });
    const running = await gateway.start();
    await until('the uplink', async () => (await running.status()).uplink.connected);
    const before = readIdentity(gateway.dir)?.token ?? '';
    await gateway.enroll({ renew: true });
    const after = readIdentity(gateway.dir)?.token ?? '';
    expect([await opens(before), await opens(after)]).toEqual([false, true]);
    // The session of the ended token is dropped, and the next dial reads the new files.
    await until('the session of the new token', async () => {
      const { uplink } = await running.status();
      const [row] = await site.cloud.store.db
        .selectFrom('gateways')
        .selectAll()
        .where('id', '=', 'gw-renew')
        .execute();
      return uplink.connected && row?.state === 'online';
    });
    await running.close();
    await gateway.record(3);
    const again = await gateway.start();
    await until('the events to arrive', async () => (await eventsOf('gw-renew')).length === 3);
    await again.close();
  });

  it('shuts a stolen identity out everywhere at once, raises it once, and loses nothing of the true gateway', async () => {
    const gateway = gatewayIn(site, 'gw-stolen');
    await gateway.enroll({ code: await site.invite('gw-stolen') });
    const stolen = readIdentity(gateway.dir)?.token ?? '';
    await gateway.record(4);
    const first = await gateway.start();
    await until('the first events', async () => (await eventsOf('gw-stolen')).length === 4);
    await first.close();
    const thief = await signIn('gw-stolen', stolen);
    const closed = new Promise<void>((resolve) => thief.once('close', () => resolve()));

    await revoke('gw-stolen');
    await closed;
    await expect(signIn('gw-stolen', stolen)).rejects.toThrow(/Not authorized|Bad username/i);
    const posted = await site.http('/link/v1/gw-stolen/stock', {
      token: stolen,
      body: delivery(batch('gw-stolen')).payload,
    });
    expect(posted.status).toBe(401);
    await until('the exception', async () => (await alarms('gw-stolen')).length === 1);
    // Batches that a broker of somebody else's lets through, or that were queued when it was revoked.
    for (const lane of ['stock', 'stock'] as const) {
      expect(
        await site.cloud.deliver('gw-stolen', lane, delivery(batch('gw-stolen')).payload),
      ).toBeUndefined();
    }
    expect(await alarms('gw-stolen')).toMatchObject([{ revision: 1 }]);
    expect(await eventsOf('gw-stolen')).toEqual([1, 2, 3, 4]);
    const { items: letters } = await site.call<{
      items: { code: string; gateway: string; detail: string }[];
    }>('/dead-letters');
    expect(letters.filter((letter) => letter.gateway === 'gw-stolen')).toMatchObject([
      { code: 'REVOKED_GATEWAY', detail: expect.stringContaining('revoked on') },
      { code: 'REVOKED_GATEWAY' },
    ]);

    // The true gateway goes on recording, and is let in again while it runs.
    await gateway.record(6);
    const running = await gateway.start();
    await until('the refusal', async () =>
      /refused|not authori|bad user/i.test((await running.status()).uplink.state),
    );
    await gateway.enroll({ code: await site.invite('gw-stolen'), renew: true });
    await until('the rest of its journal', async () => (await eventsOf('gw-stolen')).length === 10);
    expect(await eventsOf('gw-stolen')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await running.close();
    expect(await opens(stolen)).toBe(false);
  });

  it('makes a request for another authority, and takes the certificate that belongs to it, no other', async () => {
    const gateway = gatewayIn(site, 'gw-aws');
    const csr = await gateway.enroll({ csrOnly: true, gateway: 'gw-aws' });
    expect(await gateway.enroll({ csrOnly: true, gateway: 'gw-aws' })).not.toBe('');
    const request = await checkCertificateRequest(csr);
    expect(request.ok).toBe(true);
    if (!request.ok) return;
    const authority = await openDeviceCa({ ...site.ca, certificateDays: 30, now: Date.now() });
    const right = await authority.sign(request, 'anything', Date.now());
    const file = join(gateway.folder, 'from-aws.pem');
    const other = await checkCertificateRequest(
      await gatewayIn(site, 'gw-x').enroll({ csrOnly: true, gateway: 'gw-x' }),
    );
    if (!other.ok) throw new Error(other.reason);
    const install = { installCert: file, gateway: 'gw-aws', ca: undefined };
    for (const [content, reason] of [
      [(await authority.sign(other, 'gw-x', Date.now())).pem, /not of the key/],
      ['nothing', /no certificate/],
    ] as const) {
      writeFileSync(file, content);
      await expect(gateway.enroll(install)).rejects.toThrow(reason);
    }
    writeFileSync(file, right.pem);
    await gateway.enroll(install);
    expect(readIdentity(gateway.dir)).toMatchObject({
      certificatePem: right.pem,
      facts: { gateway: 'gw-aws' },
    });
    await expect(gateway.enroll({ renew: true })).rejects.toThrow(/renew it where it came from/);
  });

  describe.runIf(mosquittoFound)('with Mosquitto and its example configuration', () => {
    it('confines each gateway to its topics, and refuses a stolen certificate once it has the list', async () => {
      const gateway = gatewayIn(site, 'gw-mqtt');
      const other = gatewayIn(site, 'gw-mqtt-2');
      for (const [one, id] of [
        [gateway, 'gw-mqtt'],
        [other, 'gw-mqtt-2'],
      ] as const) {
        await one.enroll({ code: await site.invite(id) });
      }
      const [port, cloudPort] = await Promise.all([freePort(), freePort()]);
      const put = (name: string, content: string) =>
        writeFileSync(join(gateway.folder, name), content, { mode: 0o644 });
      const fetchList = async () => put('device-ca.crl', (await site.http('/link/v1/ca.crl')).text);
      put('device-ca.crt', site.ca.certPem);
      put('server.crt', site.server.certPem);
      put('server.key', site.server.keyPem);
      put('mosquitto.acl', readFileSync('deploy/mosquitto.acl', 'utf8'));
      execFileSync('mosquitto_passwd', [
        '-b',
        '-c',
        join(gateway.folder, 'passwords'),
        'tallyport-cloud',
        'secret',
      ]);
      await fetchList();
      const settings = readFileSync('deploy/mosquitto-tls.conf', 'utf8')
        .replaceAll('/mosquitto/config/', `${gateway.folder}/`)
        .replace('listener 8883', `listener ${port} 127.0.0.1`)
        .replace('listener 1883', `listener ${cloudPort} 127.0.0.1`);
      put('mosquitto.conf', `${process.getuid?.() === 0 ? 'user root\n' : ''}${settings}`);
      const start = async () => {
        const begun = startProcess('mosquitto', ['-c', join(gateway.folder, 'mosquitto.conf')]);
        await until('the broker', async () => (await listens(port)) && (await listens(cloudPort)));
        return begun;
      };
      let broker = await start();
      const dial = ({ dir }: { dir: string }, clientId: string) => {
        const { certificatePem = '', keyPem = '' } = readIdentity(dir) ?? {};
        return connectAsync(`mqtts://127.0.0.1:${port}`, {
          clientId,
          cert: certificatePem,
          key: keyPem,
          ca: site.ca.certPem,
          reconnectPeriod: 0,
          connectTimeout: 5000,
        });
      };
      try {
        const cloud = await connectAsync(`mqtt://127.0.0.1:${cloudPort}`, {
          username: 'tallyport-cloud',
          password: 'secret',
        });
        await cloud.subscribeAsync('tallyport/v1/+/up/+', { qos: 1 });
        const heard: string[] = [];
        cloud.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
        const client = await dial(gateway, 'gw-mqtt');
        await client.subscribeAsync(ackTopic('gw-mqtt'), { qos: 1 });
        await client.publishAsync(upTopic('gw-mqtt-2', 'stock'), 'forged', { qos: 1 });
        await client.publishAsync(upTopic('gw-mqtt', 'stock'), 'own', { qos: 1 });
        await until('its own batch', () => heard.length > 0);
        expect(heard).toEqual([`${upTopic('gw-mqtt', 'stock')} own`]);
        await client.endAsync();
        await cloud.endAsync();

        await revoke('gw-mqtt');
        await fetchList();
        await broker.stop();
        broker = await start();
        await expect(dial(gateway, 'gw-mqtt')).rejects.toThrow();
        const well = await dial(other, 'gw-mqtt-2');
        await well.endAsync();
      } finally {
        await broker.stop();
      }
    });
  });
});
