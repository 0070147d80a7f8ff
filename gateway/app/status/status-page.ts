/** The status as one self-contained HTML page without scripts; reloads itself every five seconds. */
import type { GatewayStatus } from './gateway-status.ts';

const html = (text: unknown) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const STYLE = `
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#16202c;--dim:#5d6b7a;--line:#e2e6eb;--good:#127a4b;--bad:#b3261e;--warn:#9a6200}
@media(prefers-color-scheme:dark){:root{--bg:#10151b;--card:#19212a;--ink:#e6ebf0;--dim:#93a1b0;--line:#2a3541;--good:#4cc38a;--bad:#ff8f85;--warn:#f2b84b}}
body{margin:0;padding:24px;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:auto}h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:28px 0 8px;color:var(--dim);font-weight:600}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin-top:16px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.card b{display:block;font-size:22px}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:10px}
th,td{text-align:left;padding:8px 12px;border-bottom:1px solid var(--line);vertical-align:top}tr:last-child td{border:0}th{font-size:13px;color:var(--dim);font-weight:600}
.dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}td.n{text-align:right;font-variant-numeric:tabular-nums}`;

/** What a person should know of the journal; undefined when all is well. */
export function problemOf(journal: GatewayStatus['journal']): string | undefined {
  if (journal.forked !== undefined) {
    return `refused by the cloud (${journal.forked.detail}): stop the gateway and run adopt`;
  }
  if (journal.conditions.includes('disk-full')) return 'the disk is full';
  if (journal.conditions.includes('wal-growing')) return 'the write-ahead log grows';
  return journal.problem;
}

export function renderStatusPage(status: GatewayStatus): string {
  const ago = (at: number | undefined) =>
    at === undefined
      ? '<span class="dim">never</span>'
      : `${Math.max(0, Math.round((status.now - at) / 1000))} s ago`;
  const lanes = Object.entries(status.journal.lanes);
  const devices = status.devices.map((device) => {
    const tone =
      device.state === 'connected' && !device.silent ? 'good' : device.state === 'stopped' ? 'dim' : 'bad';
    const trouble = device.conditions.map(
      (one) => `<div class="warn">${html(one.condition)}: ${html(one.detail)}</div>`,
    );
    return `<tr><td><b>${html(device.device)}</b><div class="dim">${html(device.kind)} · ${html(device.address)}</div></td>
<td><span class="${tone}">${html(device.silent ? 'silent' : device.state)}</span><div class="dim">${html(device.session)}</div>${trouble.join('')}</td>
<td>${ago(device.lastReadingAt)}</td><td class="n">${device.readings}</td><td class="n">${device.reconnects}</td></tr>`;
  });
  const brokers = status.siteBrokers.map(({ name, address, connected, state, counters }) => {
    const { live, retained, replayed, ofUnknownAge, reconnects } = counters;
    return `<tr><td><b>${html(name)}</b><div class="dim">${html(address)}</div></td>
<td class="${connected ? 'good' : 'bad'}">${html(state)}</td>
<td class="dim">live ${live}, retained ${retained}, replayed ${replayed}, of unknown age ${ofUnknownAge}</td><td class="n">${reconnects}</td></tr>`;
  });
  const points = status.readPoints.map(
    (point) => `<tr><td><b>${html(point.readPoint)}</b><div class="dim">${html(point.kind)}</div></td>
<td>${html(point.state)}</td><td>${ago(point.lastReadingAt)}</td>
<td class="dim">${html(
      Object.entries(point.counters)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    )}</td></tr>`,
  );
  const journalProblem = problemOf(status.journal);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="5"><title>${html(status.gateway)} · Tallyport gateway</title><style>${STYLE}</style></head><body><main>
<h1>${html(status.gateway)}</h1><div class="dim">Tallyport gateway ${html(status.version)} · ${html(new Date(status.now).toISOString())}</div>
<div class="cards"><div class="card"><span class="dim">Uplink</span><b class="${status.uplink.connected ? 'good' : 'bad'}">${status.uplink.connected ? 'connected' : 'down'}</b><span class="dim">${html(status.uplink.state)}</span>${status.forwarder?.problem === undefined ? '' : `<div class="bad">${html(status.forwarder.problem)}</div>`}</div>
${lanes.map(([lane, state]) => `<div class="card"><span class="dim">${html(lane)} waiting</span><b>${state.waiting}</b><span class="dim">acknowledged up to ${state.prunedUpTo} of ${state.lastSeq}</span></div>`).join('')}
<div class="card"><span class="dim">Journal</span><b class="${journalProblem === undefined ? '' : 'bad'}">${(status.journal.fileBytes / 1024).toFixed(0)} KB</b><span class="dim">${html(journalProblem ?? `epoch ${status.journal.epoch.slice(0, 8)}`)}</span></div></div>
${clockNote(status)}<h2>Devices</h2><div class="scroll"><table><tr><th>Device</th><th>State</th><th>Last reading</th><th>Readings</th><th>Reconnects</th></tr>${devices.join('')}</table></div>
${brokers.length === 0 ? '' : `<h2>Brokers of the site</h2><div class="scroll"><table><tr><th>Broker</th><th>State</th><th>Messages</th><th>Reconnects</th></tr>${brokers.join('')}</table></div>`}
<h2>Read points</h2><div class="scroll"><table><tr><th>Read point</th><th>State</th><th>Last reading</th><th>Counts</th></tr>${points.join('')}</table></div>
</main></body></html>`;
}

/** Nothing while all is well. */
function clockNote({ clock }: GatewayStatus): string {
  if (clock.state === 'synced') return '';
  const off = clock.offsetMs === undefined ? '' : `, off by ${(clock.offsetMs / 1000).toFixed(0)} s`;
  const what =
    clock.state === 'holdover'
      ? 'nobody has confirmed it for a while'
      : 'not confirmed since it was set or since the start; the cloud puts times right once it is';
  return `<p class="warn">Clock ${html(clock.state)}${html(off)}: ${html(what)}.</p>`;
}
