"""Serves a GGUF file with llama.cpp's own HTTP server, from the package xllamacpp.

Prints the server's URL as its first line, and ends when its standard input does: a test that dies takes the server along.
"""

import sys

import xllamacpp

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.n_parallel = 8
parameters.n_ctx = 8 * 1024
# More threads wait for each other by spinning: on a busy machine two were 75 times slower than one.
parameters.cpuparams.n_threads = 1
parameters.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
