"""The table of Lambdas against the code: each has the rights and settings that its code uses, and no others."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

import pytest

from app import app
from infra.aws import policies, zips
from infra.aws.intrinsics import API_HANDLER
from infra.aws.lambdas import LAMBDAS, QUEUES
from infra.aws.variables import MEMBERS, VARIABLES
from tests.aws import reachable

#: Operation of boto3's clients, or signed request -> the actions that it needs in a policy.
ACTIONS = {
    "AmazonSQS.SendMessage": "sqs:SendMessage",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "complete_multipart_upload": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "delete_object": "s3:DeleteObject",
    "delete_message": "sqs:DeleteMessage",
    "delete_message_batch": "sqs:DeleteMessage",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "get_paginator": "s3:ListBucket",
    "generate_presigned_post": "s3:PutObject",
    "generate_presigned_url": "s3:GetObject",
    "get_object": "s3:GetObject",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "get_queue_url": "sqs:GetQueueUrl",
    "head_bucket": "s3:ListBucket",
    "invoke": "lambda:InvokeFunction",
    "presign:?": "s3:GetObject",
    "presign:GET": "s3:GetObject",
    "presign:HEAD": "s3:GetObject",
    "publish": "sns:Publish",
    "put_object": "s3:PutObject",
    "receive_message": "sqs:ReceiveMessage",
    "send_message": "sqs:SendMessage",
    "send_message_batch": "sqs:SendMessage",
    "upload_part": "s3:PutObject",
}
#: The bucket's folders: the beginnings of the code's texts.
FOLDERS = ("answers", "archive", "faxes", "incoming", "recordings", "script-files", "uploads", "webhooks")
FOLDER = re.compile(rf"({'|'.join(FOLDERS)})/")
# Reading an object that can be missing needs this action, though no code calls it.
UNCALLED = {"s3:ListBucket"}


@lru_cache
def reached(name: str) -> frozenset[reachable.Unit]:
    """Return every unit that the Lambda `name` can reach; scripts are all files of their folder."""
    modules = [entry_modules()[name]]
    if name == "scripts":
        modules += [module for module in reachable.modules() if module.startswith("chalicelib.oktell.scripts.")]
    return frozenset(unit for module in modules for unit in reachable.reachable(module))


def entry_modules() -> dict[str, str]:
    """Return the module of each Lambda: the one that `app.py` mounts under its name or imports in its entry point."""
    mounted = {API_HANDLER if name == "app" else name: module for name, module in app.surfaces.items()}
    tree = ast.parse((reachable.ROOT / "app.py").read_text("utf-8"))
    imported = {
        function.name: str(node.module)
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom)
    }
    return {**mounted, **imported}


def everything() -> frozenset[reachable.Unit]:
    """Return every unit of the bundle."""
    return frozenset((module, unit) for module, of in reachable.modules().items() for unit in of.units)


def test_every_lambda_has_an_entry() -> None:
    """The table and `app.py` name the same Lambdas."""
    assert set(entry_modules()) == set(LAMBDAS)


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_may_do_what_its_code_does(name: str) -> None:
    """A Lambda has a right if and only if some path of its code uses it."""
    called = {ACTIONS[call] for call in reachable.calls_of_aws(reached(name))}
    consuming = policies.CONSUMING if name in {queue.consumer for queue in QUEUES.values()} else ()
    granted = {action for grant in LAMBDAS[name].grants for action in grant.actions}
    granted |= {action for each in LAMBDAS[name].optional for action in each.actions}

    assert granted - UNCALLED == called - UNCALLED
    assert policies.actions(name) >= {*called, *consuming}


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_reaches_the_folders_that_its_code_names(name: str) -> None:
    """Its rights are limited to prefixes of the bucket: those in its code's texts, and no others."""
    units = reached(name) - {("chalicelib.settings", "Settings")}
    # A key can come from a row that the module has written.
    units |= {(module, "PREFIX") for module, _ in units if "PREFIX" in reachable.modules()[module].units}
    # The addresses of providers begin like the folder of the deny-list.
    texts = {text for text in reachable.texts(units) if text != "webhooks/"}
    named = {found[1] for text in texts if (found := FOLDER.match(text))}
    if "SCRIPT_FILES_PREFIX" in reachable.settings_read(units):
        named.add("script-files")
    granted = {
        grant.resource["Fn::Sub"].removeprefix("${Bucket.Arn}/").partition("/")[0]
        for grant in LAMBDAS[name].grants
        if grant.actions[0].startswith("s3:") and "Fn::Sub" in grant.resource
    }

    assert granted == named


def test_every_folder_of_the_bucket_is_known() -> None:
    """The pattern of these tests finds every prefix; a prefix that it missed would be granted to no Lambda."""
    prefixes = {unit for unit in everything() if unit[1].endswith("PREFIX")}
    assert {text.partition("/")[0] for text in reachable.texts(prefixes) if text.endswith("/")} <= set(FOLDERS)


@pytest.mark.parametrize("name", LAMBDAS)
def test_a_lambda_is_told_what_its_code_reads(name: str) -> None:
    """A Lambda gets the secrets and addresses that it reads, and no others."""
    known = {*VARIABLES, *(variable for members in MEMBERS.values() for variable in members)}
    read = reachable.settings_read(reached(name)) & known

    assert set(LAMBDAS[name].variables) == read


def test_the_zip_keeps_the_services_that_are_called() -> None:
    """boto3 knows a service by its description, and the zip keeps those of the called services alone."""
    sources = [path.read_text("utf-8") for path in (reachable.ROOT / "chalicelib").rglob("*.py")]
    made = {name for source in sources for name in re.findall(r"boto3_clients\.made\(\s*\"([\w-]+)\"", source)}
    assert made == set(zips.SERVICES)


def test_secrets_have_no_setting_twice() -> None:
    """A setting comes from the template or from a secret's member, not from both."""
    members = [variable for group in MEMBERS.values() for variable in group]
    assert len(members) == len(set(members))
    assert set(members) & set(VARIABLES) == set()
