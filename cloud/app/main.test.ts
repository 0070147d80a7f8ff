import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listen } from '../intake/listen.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
let folder: string;
let configFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-cloud-'));
  configFile = writeConfig('cloud.yaml', 'http: { port: 0 }\nintake: { embedded: { port: 0 } }');
});
afterAll(() => rmSync(folder, { recursive: true }));

function writeConfig(name: string, sections: string): string {
  const file = join(folder, name);
  writeFileSync(file, `${sections}\ndatabase: { memory: true }\nsite: { name: Dock, locations: [] }\n`);
  return file;
}

function cloud(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, out, err }));
  return { child, ended };
}

describe('the cloud as a command', () => {
  it('ends with 2 and says what is wrong with the line or the file', async () => {
    const [option, file] = await Promise.all([cloud('--bogus').ended, cloud('--config', 'none.yaml').ended]);
    expect(option).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining("Unknown option '--bogus'"),
    });
    expect(file).toMatchObject({ code: 2, out: '', err: expect.stringContaining('none.yaml (ENOENT)') });
  });

  it('ends with 1 and names the port when that is in use', async () => {
    const squatter = createServer();
    const port = await listen(squatter, { host: '127.0.0.1', port: 0 }, 'the test');
    const file = writeConfig(
      'taken.yaml',
      `http: { port: ${port} }\nintake: { embedded: { port: 0 } }\nlog: silent`,
    );
    const ended = await cloud('--config', file).ended;
    squatter.close();
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining(`127.0.0.1:${port} is in use`) });
    expect(ended.err).toContain('http.port');
  });

  it('shows the first token on stdout, answers, and ends cleanly on a signal', async () => {
    const { child, ended } = cloud('--config', configFile);
    let out = '';
    const started = new Promise<RegExpMatchArray>((resolve) => {
      child.stdout.on('data', (chunk) => {
        out += chunk;
        const shown = out.match(/\n {2}([\w-]{43})\n\nSign in with it at (http:\S+)/);
        if (shown) resolve(shown);
      });
    });
    const [, token, url] = await Promise.race([
      started,
      ended.then(({ err }) => {
        throw new Error(`ended before it started: ${err}`);
      }),
    ]);
    const status = await fetch(`${url}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } });
    expect(await status.json()).toMatchObject({ site: 'Dock', database: 'pglite' });
    child.kill('SIGTERM');
    const { code, out: all } = await ended;
    expect(code).toBe(0);
    expect(all.split(token ?? '')).toHaveLength(2);
  });
});
