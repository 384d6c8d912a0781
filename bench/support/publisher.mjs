// Publishes readings of many devices with packets that were serialised beforehand and are written raw to the socket, so
// that the publisher costs little and is never what is measured. Only the timestamp is written anew in each packet.

import { createRequire } from "node:module";
import { createConnection } from "node:net";

const mqttPacket = createRequire(createRequire(import.meta.url).resolve("mqtt"))("mqtt-packet");
const { port, devices, qos = 0, prefix = "devices", alertEvery = 50 } = JSON.parse(process.argv[2]);

/** Different values each device cycles through; one device in `alertEvery` is above 50 for every other five of them. */
const VALUES = 60;
const STAMP = "0000000000000.000";
const packets = [];
for (let turn = 0; turn < VALUES; turn += 1) {
  for (let device = 0; device < devices; device += 1) packets.push(serialise(device, turn));
}

function serialise(device, turn) {
  const high = device % alertEvery === 0 && (turn + device) % 10 < 5;
  const value = (
    (high ? 80 : 20) +
    Math.sin(device + turn / 5) +
    ((device * 7919 + turn * 104_729) % 100) / 200
  ).toFixed(3);
  const payload = `{"sensors":[{"type":"temperature","value":${value},"unit":"Cel"}],"timestamp":${STAMP}}`;
  const topic = `${prefix}/device-${String(device).padStart(4, "0")}/telemetry`;
  const bytes = mqttPacket.generate({
    cmd: "publish",
    topic,
    payload,
    qos,
    messageId: qos ? 1 : undefined,
    retain: false,
    dup: false,
  });
  return { bytes, stampAt: bytes.length - STAMP.length - 1, idAt: bytes.length - payload.length - 2 };
}

let next = 0;
let sent = 0;
let confirmed = 0;
let counted = 0;
let countedAt = performance.now();
let perMs = 0;
let mode = { kind: "stop" };
let writable = true;
let began = 0;
let sentBefore = 0;

const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
const connect = {
  cmd: "connect",
  protocolVersion: 4,
  protocolId: "MQTT",
  clientId: `bench-${process.pid}`,
  clean: true,
  keepalive: 0,
};
socket.write(mqttPacket.generate(connect));
const parser = mqttPacket.parser({ protocolVersion: 4 });
parser.on("packet", ({ cmd }) => {
  if (cmd === "connack") process.send({ ready: true });
  if (cmd === "puback") confirmed += 1;
});
socket.on("data", (chunk) => parser.parse(chunk));
socket.on("drain", () => {
  writable = true;
  pump();
});
socket.on("error", (error) => {
  console.error(`publisher: ${error.message}`);
  process.exit(1);
});

/** Work under way, ms: more than any process waits for its turn, so that the gateway never waits for messages. */
const UNDER_WAY_MS = 700;
const LEAST_UNDER_WAY = 20_000;

/** Takes what the flow's end has counted; the window of messages under way follows the flow's own speed. */
function onCounted(count) {
  const now = performance.now();
  const speed = (count - counted) / Math.max(1, now - countedAt);
  perMs += (speed - perMs) / 10;
  counted = count;
  countedAt = now;
}

/** Messages that may be under way now. */
function allowance() {
  if (mode.kind === "window") return Math.max(LEAST_UNDER_WAY, perMs * UNDER_WAY_MS) - (sent - counted);
  if (mode.kind === "rate")
    return Math.floor(((performance.now() - began) / 1000) * mode.perSecond) - (sent - sentBefore);
  return 0;
}

function pump() {
  while (writable) {
    const count = Math.min(200, allowance());
    if (count <= 0) return;
    write(count);
  }
}

function write(count) {
  const chosen = [];
  let length = 0;
  for (let index = 0; index < count; index += 1) {
    const packet = packets[next];
    next = (next + 1) % packets.length;
    chosen.push(packet);
    length += packet.bytes.length;
  }
  const chunk = Buffer.allocUnsafe(length);
  const stamp = Buffer.from((performance.timeOrigin + performance.now()).toFixed(3));
  let at = 0;
  for (const packet of chosen) {
    packet.bytes.copy(chunk, at);
    stamp.copy(chunk, at + packet.stampAt);
    sent += 1;
    if (qos > 0) chunk.writeUInt16BE((sent % 65_535) + 1, at + packet.idAt);
    at += packet.bytes.length;
  }
  writable = socket.write(chunk);
}

setInterval(pump, 1);
process.on("message", (message) => {
  if (message.mode) {
    mode = message.mode;
    began = performance.now();
    sentBefore = sent;
  }
  if (message.counted !== undefined) onCounted(message.counted);
  if (message.id !== undefined) process.send({ id: message.id, answer: { sent, confirmed } });
  pump();
});
process.on("disconnect", () => process.exit());
