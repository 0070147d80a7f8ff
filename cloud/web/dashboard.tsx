/** The signed-in page: the bar at the top, exceptions where they are always seen, everything else beside them. */
import { ColdRooms } from './features/cold-rooms/cold-rooms.tsx';
import { Devices } from './features/devices/devices.tsx';
import { Doors } from './features/doors/doors.tsx';
import { Exceptions } from './features/exceptions/exceptions.tsx';
import { Shipments } from './features/shipments/shipments.tsx';
import { Stock } from './features/stock/stock.tsx';
import { TopBar } from './shell/top-bar.tsx';

export function Dashboard({ onSignOut }: { onSignOut: () => Promise<void> }) {
  return (
    <>
      <a className="skip" href="#doors">
        Skip to the doors
      </a>
      <TopBar onSignOut={onSignOut} />
      <main className="page">
        <Doors />
        <Exceptions />
        <ColdRooms />
        <Shipments />
        <Stock />
        <Devices />
      </main>
    </>
  );
}
