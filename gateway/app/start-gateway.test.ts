import { createServer } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import { JournalFolder } from '../journal/worker/journal.fixture.ts';
import { systemClock } from './clock/system-clock.ts';
import { gatewayConfigSchema } from './config/config.ts';
import { startGateway } from './start-gateway.ts';

function partsIn(folder: JournalFolder, statusPort: number) {
  const config = gatewayConfigSchema.parse({
    gateway: { id: 'gw-1' },
    dataDir: folder.path,
    broker: { port: 0 },
    status: { port: statusPort },
    devices: [{ id: 'zigbee', driver: 'zigbee2mqtt' }],
  });
  const random = seededRandom(1, 'backoff');
  return { config, clock: systemClock(), random, log: pino({ level: 'silent' }) };
}

test('a start that fails leaves nothing open: the next one gets the journal', async () => {
  using folder = new JournalFolder();
  const occupied = createServer();
  await new Promise<void>((resolve) => occupied.listen(0, '127.0.0.1', resolve));
  const address = occupied.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startGateway(partsIn(folder, port))).rejects.toThrow(`port ${port} on 127.0.0.1 is in use`);
  await new Promise((resolve) => occupied.close(resolve));

  const gateway = await startGateway(partsIn(folder, 0));
  expect((await gateway.status()).gateway).toBe('gw-1');
  await expect(startGateway(partsIn(folder, 0))).rejects.toThrow(
    `${folder.file}: the journal file is in use by another process`,
  );
  await gateway.close();
});
