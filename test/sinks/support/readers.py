"""What the programs that results are told to make of them, as JSON. Arguments: which one, then a folder, or the address of a server and an experiment."""

import glob
import json
import subprocess
import sys
from pathlib import Path


def tensorboard(folder):
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.context import RequestContext
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    multiplexer = EventMultiplexer().AddRunsFromDirectory(folder)
    multiplexer.Reload()
    runs = {
        run: {
            tag: [[event.step, event.wall_time, event.tensor_proto.float_val[0]] for event in multiplexer.Tensors(run, tag)]
            for tag in tags["tensors"]
            if not tag.startswith("_hparams_")
        }
        for run, tags in multiplexer.Runs().items()
    }
    provider = MultiplexerDataProvider(multiplexer, folder)
    about = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = RequestContext()
    experiment = about.experiment_from_metadata(
        request, "", True, about.hparams_metadata(request, ""), about.hparams_from_data_provider(request, "", 1000)
    )
    wanted = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=1000, allowed_statuses=[0, 1, 2, 3])
    groups = list_session_groups.Handler(request, about, "", wanted).run()
    hparams = {
        group.sessions[0].name: {
            "status": api_pb2.Status.Name(group.sessions[0].status),
            **{name: getattr(value, value.WhichOneof("kind")) for name, value in group.hparams.items()},
        }
        for group in groups.session_groups
    }
    return {"runs": runs, "hparams": hparams, "columns": sorted(info.name for info in experiment.hparam_infos)}


def mlflow(address, experiment):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(address)
    runs = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return [
        {
            "name": run.info.run_name,
            "status": run.info.status,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "params": run.data.params,
            "tags": run.data.tags,
            "metrics": {
                name: [[m.step, m.timestamp, m.value] for m in client.get_metric_history(run.info.run_id, name)]
                for name in run.data.metrics
            },
        }
        for run in runs
    ]


def wandb(folder):
    program = Path(sys.executable).with_name("wandb")
    logs = sorted(glob.glob(f"{folder}/**/*.wandb", recursive=True))
    read = [subprocess.run([program, "leet", "inspect", "--json", log], check=True, capture_output=True, text=True).stdout for log in logs]
    return [[json.loads(line) for line in text.splitlines()] for text in read]


print(json.dumps({"tensorboard": tensorboard, "mlflow": mlflow, "wandb": wandb}[sys.argv[1]](*sys.argv[2:])))
