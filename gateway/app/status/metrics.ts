/** The status as Prometheus metrics, made at each scrape from the same object as the page. */
import { Gauge, Registry } from 'prom-client';
import type { GatewayStatus } from './gateway-status.ts';

export async function renderMetrics(status: GatewayStatus): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `tallyport_gateway_${name}`, help, labelNames, registers: [registry] });

  gauge('uplink_connected', '1 while connected to the cloud').set(status.uplink.connected ? 1 : 0);
  gauge('journal_file_bytes', 'Size of the journal file').set(status.journal.fileBytes);
  gauge('journal_wal_bytes', 'Size of its write-ahead log').set(status.journal.walBytes);
  gauge('journal_max_bytes', 'Size over which events are given up').set(status.journal.maxBytes);
  gauge('journal_reserve_held', '1 while room is kept back for a full disk').set(
    status.journal.reserve.held ? 1 : 0,
  );
  gauge('journal_forked', '1 once the cloud has refused this journal').set(
    status.journal.forked === undefined ? 0 : 1,
  );
  const condition = gauge('journal_condition', '1 while something is wrong with its disk', ['condition']);
  for (const name of ['disk-full', 'wal-growing'] as const) {
    condition.set({ condition: name }, status.journal.conditions.includes(name) ? 1 : 0);
  }
  gauge('journal_held_entries', 'Entries that wait because the journal takes nothing').set(
    status.journal.held,
  );
  gauge('journal_refused_entries_total', 'Entries lost because too many waited').set(status.journal.refused);
  gauge('unrouted_readings_total', 'Readings that no read point wants').set(status.unroutedReadings);

  gauge('clock_synced', '1 while the clock is confirmed, 0.5 in holdover, 0 while it is not').set(
    { synced: 1, holdover: 0.5, unsynced: 0 }[status.clock.state],
  );
  if (status.clock.offsetMs !== undefined) {
    gauge('clock_offset_seconds', 'True time less the wall clock, as far as is known').set(
      status.clock.offsetMs / 1000,
    );
  }
  if (status.eventLoopDelayP99Seconds !== undefined) {
    gauge('event_loop_delay_p99_seconds', 'How late the event loop was, 99th percentile of ten seconds').set(
      status.eventLoopDelayP99Seconds,
    );
  }

  const waiting = gauge('lane_waiting_events', 'Events not yet acknowledged by the cloud', ['lane']);
  const lastSeq = gauge('lane_last_seq', 'Highest sequence number given', ['lane']);
  for (const [lane, state] of Object.entries(status.journal.lanes)) {
    waiting.set({ lane }, state.waiting);
    lastSeq.set({ lane }, state.lastSeq);
  }

  if (status.forwarder !== undefined) {
    const { counters, refused, linkLimitBytes, malformedAcks } = status.forwarder;
    const forwarder = gauge('forwarder_total', 'What the forwarder counted', ['what']);
    for (const [what, count] of Object.entries({ ...counters, malformedAcks }))
      forwarder.set({ what }, count);
    gauge('journal_refused', '1 while the cloud refuses this journal as a copy or restored').set(
      refused ? 1 : 0,
    );
    gauge('link_limit_bytes', 'What may be on its way at once, as learnt from the link').set(linkLimitBytes);
  }

  const connected = gauge('device_connected', '1 while the line to the device is up', ['device']);
  const counters = gauge('device_total', 'Bytes, messages, readings and reconnects per device', [
    'device',
    'what',
  ]);
  const discarded = gauge('device_discarded_total', 'What made no sense, by reason', ['device', 'reason']);
  for (const device of status.devices) {
    connected.set({ device: device.device }, device.state === 'connected' ? 1 : 0);
    for (const what of ['bytes', 'messages', 'readings', 'reconnects'] as const) {
      counters.set({ device: device.device, what }, device[what]);
    }
    for (const [reason, count] of Object.entries(device.discarded)) {
      discarded.set({ device: device.device, reason }, count.count);
    }
  }

  const sensing = gauge('read_point_total', 'What sensing counted at a read point', ['read_point', 'what']);
  for (const point of status.readPoints) {
    for (const [what, count] of Object.entries(point.counters)) {
      sensing.set({ read_point: point.readPoint, what }, count);
    }
  }
  if (status.broker !== undefined) {
    const broker = gauge('broker_total', 'What the device broker counted', ['what']);
    for (const [what, count] of Object.entries(status.broker.counters)) broker.set({ what }, count);
  }
  const siteConnected = gauge('site_broker_connected', '1 while connected to a broker of the site', [
    'broker',
  ]);
  const siteCounters = gauge('site_broker_total', 'What came from a broker of the site', ['broker', 'what']);
  for (const { name, connected: isUp, counters: counts } of status.siteBrokers) {
    siteConnected.set({ broker: name }, isUp ? 1 : 0);
    for (const [what, count] of Object.entries(counts)) siteCounters.set({ broker: name, what }, count);
  }
  return registry.metrics();
}
