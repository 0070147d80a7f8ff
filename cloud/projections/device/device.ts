/** Devices: the latest word on each of their conditions. What it means for people: fleet/device-conditions.ts. */
import type { DeviceEvent } from '../../../protocol/events/stock-event.ts';
import { isLater } from '../../ledger/ledger-event.ts';
import { keepLatest, type LatestTable, sortedRows } from '../../store/merge-rows.ts';
import type { DevicesTable } from '../../store/tables/projections.ts';
import type { Projection } from '../projection.ts';

const DEVICES: LatestTable<DevicesTable> = {
  table: 'devices',
  kinds: {
    gateway: 'text',
    device: 'text',
    condition: 'text',
    active: 'boolean',
    detail: 'text',
    since: 'bigint',
    since_key: 'text',
  },
  primaryKey: 'gateway, device, condition',
  at: 'since',
  key: 'since_key',
};

export const DEVICE: Projection<DeviceEvent> = {
  tables: ['devices'],
  begin({ findings }) {
    const devices = new Map<string, DevicesTable>();
    return {
      add({ device, condition, active, detail, readPoint = null, occurredAt }, { gateway, key }) {
        findings.deviceFacts.push({ gateway, device, condition, readPoint, occurredAt });
        const name = `${gateway}\n${device}\n${condition}`;
        const known = devices.get(name);
        if (known !== undefined && !isLater(occurredAt, key, known.since, known.since_key)) return;
        devices.set(name, {
          gateway,
          device,
          condition,
          active,
          detail,
          since: occurredAt,
          since_key: key,
        });
      },
      write: (trx) => keepLatest(trx, DEVICES, sortedRows(devices)),
      changes: (at) => [...devices.values()].map((row) => ({ topic: 'device', at, id: row.device })),
    };
  },
};
