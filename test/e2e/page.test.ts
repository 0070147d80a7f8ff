/**
 * The page, driven once by a real browser: it shows what passes the doors, the stock, the rooms with their chart and
 * the exceptions, and an exception is acknowledged by a click. Runs where a Chromium is found or CHROMIUM_PATH names one.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../cloud/web/build.ts';
import { type LiveSite, startLiveSite } from '../../firmware-sim/app/live-run.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';

const CHROMIUM = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]
  .filter((path) => path !== undefined)
  .find((path) => existsSync(path));
const SMOKE = fileURLToPath(new URL('../../firmware-sim/scenarios/smoke.yaml', import.meta.url));
const SPEED = 6;
/** How fast the machine is must not matter. */
const HANG_MS = 300_000;

describe.runIf(CHROMIUM !== undefined)('the page in Chromium', () => {
  let site: LiveSite;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    await buildPage();
    site = await startLiveSite(
      { scenario: loadScenario(SMOKE), seed: 1, log: pino({ level: 'silent' }) },
      { speed: SPEED, lines: 'tcp' },
    );
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(HANG_MS);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  it('signs in by the link, shows the morning as it happens, and acknowledges an exception', async () => {
    await page.goto(`${site.cloud.httpUrl}/#token=${site.cloud.adminToken}`);
    await page.getByTestId('live-state').and(page.locator('[data-state="live"]')).waitFor();
    expect(page.url(), 'the token is gone from the address').not.toContain('token');

    // Both pallets in, shown by the live stream alone.
    await page.getByTestId('door-dock-1').getByText('In', { exact: true }).waitFor();
    await page.getByTestId('stock-table').getByText('Yoghurt', { exact: false }).first().waitFor();
    await page.getByTestId('room-cold-1').locator('canvas').first().waitFor();

    const { truth } = await site.finished();
    expect(truth.excursions).toHaveLength(1);
    const { items } = await site.client.get<{ items: { id: string; kind: string }[] }>('/api/v1/exceptions');
    const excursion = items.find((one) => one.kind === 'TEMP_HIGH');
    const card = page.getByTestId(`exception-${excursion?.id}`);
    await card.waitFor();
    await page.getByTestId(`ack-${excursion?.id}`).click();
    await card.and(page.locator('[data-status="acknowledged"]')).waitFor();
    const after = await site.client.get<{ items: { id: string; status: string }[] }>('/api/v1/exceptions');
    const status = after.items.find((one) => one.id === excursion?.id)?.status;
    expect(status).toBe('acknowledged');

    await page.setViewportSize({ width: 820, height: 1180 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, 'no sideways scrolling on a tablet').toBeLessThanOrEqual(0);
    expect(complaints).toEqual([]);
  });
});
