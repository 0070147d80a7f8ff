/** An MQTT broker as a process of its own, for machines without Mosquitto: forgets everything when killed. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const port = Number(process.argv[2]);
const broker = await Aedes.createBroker();
createServer(broker.handle).listen(port, '127.0.0.1');
