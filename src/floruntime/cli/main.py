import sys
from floruntime.server.config import load_config
from floruntime.server.run import run_server
a=sys.argv[3:]; f={}
for i in range(0,len(a),2): f[a[i][2:].replace("-","_")]=a[i+1]
run_server(load_config(f))
