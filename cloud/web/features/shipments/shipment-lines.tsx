/** The lines of one shipment, and what came without being on any. */
import type { Shipment } from '../../../contract/shipments.ts';
import { Badge } from '../../shell/badge.tsx';

export function ShipmentLines({ id, shipment }: { id: string; shipment: Shipment }) {
  return (
    <div id={id} className="shipment-lines">
      <table className="table inner">
        <thead>
          <tr>
            <th scope="col" className="num">
              Line
            </th>
            <th scope="col">Item</th>
            <th scope="col">Lot</th>
            <th scope="col" className="num">
              Expected
            </th>
            <th scope="col" className="num">
              Actual
            </th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          {shipment.lines.map((line) => (
            <tr key={line.line}>
              <td className="num">{line.line}</td>
              <td>
                {line.itemName ?? line.gtin ?? line.sscc ?? '–'}
                {line.sscc !== null && <span className="id">SSCC {line.sscc}</span>}
              </td>
              <td>{line.lot ?? '–'}</td>
              <td className="num">{line.expected}</td>
              <td className="num">{line.actual}</td>
              <td>
                <Difference difference={line.difference} isOpen={shipment.status !== 'discrepant'} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shipment.unexpected.length > 0 && (
        <p className="unexpected">
          <b>Not on the list:</b> {unexpectedItems(shipment.unexpected)}
        </p>
      )}
    </div>
  );
}

function Difference({ difference, isOpen }: { difference: number; isOpen: boolean }) {
  if (difference === 0) return <span className="muted">as expected</span>;
  if (difference > 0) return <Badge tone="warning">{difference} over</Badge>;
  return isOpen ? (
    <span className="muted">{-difference} to come</span>
  ) : (
    <Badge tone="critical">{-difference} short</Badge>
  );
}

function unexpectedItems(unexpected: Shipment['unexpected']): string {
  const counts = new Map<string, number>();
  for (const { itemName, gtin, epc } of unexpected) {
    const name = itemName ?? gtin ?? epc;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join(', ');
}
