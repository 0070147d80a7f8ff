/** The signed-in page: the bar at the top, exceptions where they are always seen, everything else beside them. */
import { ColdRooms } from '../sections/cold-rooms.tsx';
import { Devices } from '../sections/devices.tsx';
import { Doors } from '../sections/doors.tsx';
import { Exceptions } from '../sections/exceptions.tsx';
import { Shipments } from '../sections/shipments.tsx';
import { Stock } from '../sections/stock.tsx';
import { TopBar } from './top-bar.tsx';

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
