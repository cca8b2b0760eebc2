"""What the Hub's own client makes of a repository: uploads a folder, or downloads one and reads its card. Prints JSON."""

import json
import sys
from pathlib import Path

from huggingface_hub import HfApi, ModelCard, snapshot_download


def upload(folder, repo):
    api = HfApi()
    api.create_repo(repo, exist_ok=True)
    commit = api.upload_folder(folder_path=folder, repo_id=repo, commit_message="By the client")
    return {"oid": commit.oid}


def download(folder, repo):
    path = snapshot_download(repo, local_dir=folder)
    card = ModelCard.load(Path(path) / "README.md")
    data = card.data
    return {
        "license": data.license,
        "library": data.library_name,
        "tags": data.tags,
        "datasets": data.datasets,
        "metrics": data.metrics,
        "base_model": data.base_model,
        "name": data.model_name,
        "results": [
            [one.task_type, one.dataset_type, one.dataset_split, one.metric_type, one.metric_name, one.metric_value]
            for one in data.eval_results or []
        ],
    }


print(json.dumps({"upload": upload, "download": download}[sys.argv[1]](*sys.argv[2:])))
