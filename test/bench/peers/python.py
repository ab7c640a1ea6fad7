"""The Python clients, with the same commands as those in Node: one JSON text on each line, see protocol.ts."""

import asyncio
import gc
import json
import os
import resource
import sys
import time

CHUNK = b"x" * 65536


async def source(size):
    left = size
    while left > 0:
        piece = CHUNK[: min(left, len(CHUNK))]
        left -= len(piece)
        yield piece


class Aiohttp:
    def __init__(self, connections):
        import aiohttp

        self.version = f"aiohttp {aiohttp.__version__}"
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections))

    async def json(self, url):
        async with self.session.get(url) as response:
            return await response.json()

    gzip = json

    async def post(self, url, value):
        async with self.session.post(url, json=value) as response:
            return await response.json()

    async def bytes(self, url):
        async with self.session.get(url) as response:
            return await response.read()

    async def download(self, url):
        size = 0
        async with self.session.get(url) as response:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        return size

    async def upload(self, url, size):
        async with self.session.post(url, data=source(size)) as response:
            return await response.json()


class Httpx:
    def __init__(self, connections):
        import httpx

        self.version = f"httpx {httpx.__version__}"
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self.client = httpx.AsyncClient(limits=limits, trust_env=False, timeout=None)

    async def json(self, url):
        return (await self.client.get(url)).json()

    gzip = json

    async def post(self, url, value):
        return (await self.client.post(url, json=value)).json()

    async def bytes(self, url):
        return (await self.client.get(url)).content

    async def download(self, url):
        size = 0
        async with self.client.stream("GET", url) as response:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
        return size

    async def upload(self, url, size):
        return (await self.client.post(url, content=source(size))).json()


async def rate(client, command):
    call = getattr(client, command["operation"])
    arguments = [command["url"]]
    if command["operation"] in ("post", "upload"):
        arguments.append(command["value"])
    first = await call(*arguments)
    if (len(first) if command["operation"] == "bytes" else first) != command["expected"]:
        raise RuntimeError(f"{command['url']} did not answer with what the server sends")
    done = 0
    running = True

    async def loop():
        nonlocal done
        while running:
            await call(*arguments)
            done += 1

    loops = [asyncio.create_task(loop()) for _ in range(command["concurrency"])]
    await asyncio.sleep(command["ramp"] / 1000)
    start, cpu, before = time.perf_counter(), time.process_time(), done
    await asyncio.sleep(command["window"] / 1000)
    sample = {
        "work": done - before,
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
    }
    running = False
    await asyncio.gather(*loops)
    return sample


async def transfer(client, command):
    size = command["bytes"]
    await client.json(f"{command['origin']}/json")
    gc.collect()
    idle = resident("VmRSS")
    reset_peak()
    start, cpu = time.perf_counter(), time.process_time()
    if command["direction"] == "download":
        length = await client.download(f"{command['origin']}/download/{size}")
    else:
        length = (await client.upload(f"{command['origin']}/upload", size))["received"]
    sample = {
        "work": size,
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "peak": resident("VmHWM") - idle,
    }
    if length != size:
        raise RuntimeError(f"{length} of {size} bytes were transferred")
    return sample


async def batch(client, command):
    urls, count = command["urls"], command["count"]
    start, cpu = time.perf_counter(), time.process_time()
    for _ in range(command["repeat"]):
        await asyncio.gather(*(client.json(urls[index % len(urls)]) for index in range(count)))
    return {
        "work": count * command["repeat"],
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
    }


def resident(field):
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def main(name, connections):
    try:
        client = {"aiohttp": Aiohttp, "httpx": Httpx}[name](connections)
    except ImportError:
        say({"unavailable": f"{sys.executable} has none"})
        return
    say({"version": client.version})
    tasks = {"rate": rate, "transfer": transfer, "batch": batch}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command = json.loads(line)
        try:
            say(await tasks[command["task"]](client, command))
        except Exception as error:
            say({"error": f"{type(error).__name__}: {error}"})


    # Idle connections would otherwise keep the process alive.
    os._exit(0)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
