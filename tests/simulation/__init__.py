"""The whole of Flo in one process, by one seed: clients, workers, network, server, disk and time.

`clockwork.py` is the time, and all that else comes from outside (chance, secrets). `network.py`
carries bytes, and loses them; `disk.py` keeps what was synced; `machine.py` is the computer that
the server runs on, and that loses its power. `work/` is what clients do, and how it is judged.
"""
